package widget

import "fyne.io/fyne/v2"

// RememberedSize returns the size that a window had when RememberSize last saw
// it, or fallback.
func RememberedSize(app fyne.App, name string, fallback fyne.Size) fyne.Size {
	size := fyne.NewSize(
		float32(app.Preferences().Float("size."+name+".width")),
		float32(app.Preferences().Float("size."+name+".height")))
	if size.Width < 1 || size.Height < 1 {
		return fallback
	}
	return size
}

// RememberSize keeps the size of a window. It may be called often: it writes
// only what has changed. A session that ends kills the window without a word,
// so doing it at closing would be too late.
func RememberSize(app fyne.App, name string, window fyne.Window) {
	size := window.Canvas().Size()
	if window.FullScreen() || size == RememberedSize(app, name, fyne.Size{}) {
		return
	}
	app.Preferences().SetFloat("size."+name+".width", float64(size.Width))
	app.Preferences().SetFloat("size."+name+".height", float64(size.Height))
}
