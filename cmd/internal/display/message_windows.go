package display

import "golang.org/x/sys/windows"

// Message tells a person something without a window of ours: a program without
// a console has no other way.
func Message(title, text string) {
	titlePointer, titleErr := windows.UTF16PtrFromString(title)
	textPointer, textErr := windows.UTF16PtrFromString(text)
	if titleErr == nil && textErr == nil {
		windows.MessageBox(0, textPointer, titlePointer, windows.MB_OK|windows.MB_ICONERROR)
	}
}
