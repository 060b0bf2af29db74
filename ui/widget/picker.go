package widget

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Choice is a row that a Picker offers: a name, and what is special about it.
type Choice struct{ Name, Note string }

// PickerTexts are the words of a Picker.
type PickerTexts struct {
	Empty  string                   // on the button, when nothing is chosen
	Search string                   // in the empty search field
	None   func(text string) string // when no name holds the text
}

// Picker is a drop-down with type-ahead, for as many names as a practice has.
type Picker struct {
	Button
	OnChosen func(name string)

	texts    PickerTexts
	choices  []Choice
	selected string
	popup    *pickerPopup // the latest list; nil before the first
}

// NewPicker returns a Picker without choices.
func NewPicker(texts PickerTexts, chosen func(name string)) *Picker {
	p := &Picker{texts: texts, OnChosen: chosen}
	p.Alignment = widget.ButtonAlignLeading
	p.Text = texts.Empty
	p.OnTapped = func() { p.Open("") }
	p.ExtendBaseWidget(p)
	return p
}

// CreateRenderer draws the button with the arrow of a drop-down at its end.
func (p *Picker) CreateRenderer() fyne.WidgetRenderer {
	return &pickerRenderer{p.Button.CreateRenderer(), widget.NewIcon(theme.MenuDropDownIcon())}
}

type pickerRenderer struct {
	fyne.WidgetRenderer
	arrow *widget.Icon
}

func (r *pickerRenderer) Layout(size fyne.Size) {
	r.WidgetRenderer.Layout(size)
	side := theme.IconInlineSize()
	r.arrow.Resize(fyne.NewSquareSize(side))
	r.arrow.Move(fyne.NewPos(size.Width-side-2*theme.Padding(), (size.Height-side)/2))
}

func (r *pickerRenderer) Objects() []fyne.CanvasObject {
	return append(r.WidgetRenderer.Objects(), r.arrow)
}

// Set replaces the choices and says which is chosen, without calling OnChosen.
// An open list is brought up to date and stays open.
func (p *Picker) Set(choices []Choice, selected string) {
	p.choices, p.selected = choices, selected
	text := p.texts.Empty
	for _, c := range choices {
		if c.Name == selected {
			text = label(c)
		}
	}
	if text != p.Text {
		p.SetText(text)
	}
	if p.isOpen() {
		p.popup.filter(p.popup.search.Text)
	}
}

// Selected returns the chosen name.
func (p *Picker) Selected() string { return p.selected }

// TypedKey opens the list by the keys that open drop-downs.
func (p *Picker) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeyDown, fyne.KeyReturn, fyne.KeyEnter:
		p.Open("")
	default:
		p.Button.TypedKey(key)
	}
}

// TypedRune opens the list with what is typed as the search text.
func (p *Picker) TypedRune(r rune) {
	if r != ' ' { // that is the button's own key
		p.Open(string(r))
	}
}

// Open shows the list below the picker, narrowed down by text.
func (p *Picker) Open(text string) {
	c := fyne.CurrentApp().Driver().CanvasForObject(p)
	if c == nil || len(p.choices) == 0 || p.isOpen() {
		return
	}
	p.popup = newPickerPopup(p, c)
	p.popup.open(text)
}

// choose closes the list and tells what was chosen.
func (p *Picker) choose(name string) {
	p.Close()
	if name != p.selected {
		p.OnChosen(name)
	}
}

// Close closes the list and gives the focus back.
func (p *Picker) Close() {
	if p.isOpen() {
		p.popup.box.Hide()
		p.popup.canvas.Focus(p)
	}
}

// isOpen is not p.popup alone: a click beside the list closes it too.
func (p *Picker) isOpen() bool { return p.popup != nil && p.popup.box.Visible() }

func label(c Choice) string {
	if c.Note == "" {
		return c.Name
	}
	return c.Name + "  –  " + c.Note
}

// pickerPopup is the open list of a Picker.
type pickerPopup struct {
	picker *Picker
	canvas fyne.Canvas
	box    *widget.PopUp
	search *searchEntry
	list   *widget.List
	none   *widget.Label
	found  []Choice
	marked int // index in found
}

func newPickerPopup(p *Picker, c fyne.Canvas) *pickerPopup {
	popup := &pickerPopup{picker: p, canvas: c, none: widget.NewLabel("")}
	popup.search = newSearchEntry(popup)
	popup.search.SetPlaceHolder(p.texts.Search)
	popup.list = widget.NewList(
		func() int { return len(popup.found) },
		func() fyne.CanvasObject {
			return container.NewStack(canvas.NewRectangle(theme.Color(theme.ColorNameSelection)), widget.NewLabel(""))
		},
		popup.drawRow)
	popup.list.HideSeparators = true
	popup.list.OnSelected = func(id widget.ListItemID) { popup.pick(id) }
	content := container.NewBorder(popup.search, nil, nil, nil, container.NewStack(popup.list, popup.none))
	popup.box = widget.NewPopUp(content, c)
	return popup
}

func (l *pickerPopup) drawRow(id widget.ListItemID, o fyne.CanvasObject) {
	row := o.(*fyne.Container).Objects
	row[0].(*canvas.Rectangle).Hidden = id != l.marked
	row[1].(*widget.Label).SetText(label(l.found[id]))
}

// rowsShown is how many rows an open list shows at once, where there is room.
const rowsShown = 10

func (l *pickerPopup) open(text string) {
	driver := fyne.CurrentApp().Driver()
	below := driver.AbsolutePositionForObject(l.picker).AddXY(0, l.picker.Size().Height)
	row := widget.NewLabel("X").MinSize().Height + theme.Padding()
	height := l.search.MinSize().Height + row*float32(min(len(l.picker.choices), rowsShown)) + 4*theme.Padding()
	height = min(height, l.canvas.Size().Height-below.Y-theme.Padding())
	l.filter(text)
	l.box.ShowAtPosition(below)
	l.box.Resize(fyne.NewSize(l.picker.Size().Width, height))
	l.canvas.Focus(l.search)
	l.search.SetText(text)
	l.search.CursorColumn = len([]rune(text))
	l.search.Refresh()
}

// filter shows the choices that hold the text, whatever its case.
func (l *pickerPopup) filter(text string) {
	l.found, l.marked = nil, 0
	for _, c := range l.picker.choices {
		if !strings.Contains(strings.ToLower(c.Name), strings.ToLower(text)) {
			continue
		}
		if c.Name == l.picker.selected {
			l.marked = len(l.found)
		}
		l.found = append(l.found, c)
	}
	l.none.Hidden = len(l.found) > 0
	l.none.SetText(l.picker.texts.None(text))
	l.list.Refresh()
	l.list.ScrollTo(l.marked)
}

// mark moves the mark by so many rows.
func (l *pickerPopup) mark(by int) {
	l.marked = max(0, min(l.marked+by, len(l.found)-1))
	l.list.Refresh()
	l.list.ScrollTo(l.marked)
}

func (l *pickerPopup) pick(index int) {
	if index < len(l.found) {
		l.picker.choose(l.found[index].Name)
	}
}

// searchEntry is the field that has the keyboard while the list is open.
type searchEntry struct {
	widget.Entry
	popup *pickerPopup
}

func newSearchEntry(popup *pickerPopup) *searchEntry {
	e := &searchEntry{popup: popup}
	e.OnChanged = popup.filter
	e.ExtendBaseWidget(e)
	return e
}

// TypedKey moves the mark, chooses or closes; the rest is typing.
func (e *searchEntry) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeyDown:
		e.popup.mark(1)
	case fyne.KeyUp:
		e.popup.mark(-1)
	case fyne.KeyPageDown:
		e.popup.mark(rowsShown)
	case fyne.KeyPageUp:
		e.popup.mark(-rowsShown)
	case fyne.KeyReturn, fyne.KeyEnter:
		e.popup.pick(e.popup.marked)
	case fyne.KeyEscape:
		e.popup.picker.Close()
	default:
		e.Entry.TypedKey(key)
	}
}
