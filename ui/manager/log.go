package manager

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	fynewidget "fyne.io/fyne/v2/widget"

	"evry.nl/tfa/core"
	"evry.nl/tfa/ui/present"
	"evry.nl/tfa/ui/widget"
)

// pagesKept bounds the memory of the log's window, however long the log is.
const pagesKept = 8

// The columns of the table; the middle one takes what the others leave.
const (
	columnAt = iota
	columnWhat
	columnFrom
	columns

	widthAt   = 170
	widthFrom = 200
)

// logWindow shows the log of the practice.
type logWindow struct {
	w   *Window
	log present.Log
	win fyne.Window

	filter  present.Filter
	pages   map[int]present.LogPage
	wanted  map[int]bool // pages that are on their way
	total   int
	version int // counts reloads: a page asked for before one is dropped

	account *widget.Picker
	kind    *widget.Picker
	count   *fynewidget.Label
	whole   *fynewidget.Label // the selected sentence, unshortened
	table   *fynewidget.Table
}

// showLog opens the log's window, or brings it to the front.
func (w *Window) showLog() {
	if w.log != nil {
		w.log.win.RequestFocus()
		return
	}
	l := &logWindow{w: w, pages: map[int]present.LogPage{}, wanted: map[int]bool{}}
	l.log = present.Log{Manager: w.tool.Manager, Actor: w.tool.Actor, Texts: w.tool.Texts, Zone: w.tool.Zone}
	l.win = w.app.NewWindow(w.text("log.title", core.Args{"Practice": w.snapshot.Overview.Practice.Name}))
	l.account = widget.NewPicker(w.pickerTexts("log.all_accounts"), func(name string) { l.choose(name, l.filter.Kind) })
	l.kind = widget.NewPicker(w.pickerTexts("log.all_kinds"), func(name string) { l.choose(l.filter.Account, l.kindOf(name)) })
	l.count, l.whole = fynewidget.NewLabel(""), paragraph("")
	l.table = fynewidget.NewTableWithHeaders(
		func() (int, int) { return l.total, columns },
		func() fyne.CanvasObject {
			cell := fynewidget.NewLabel("")
			cell.Truncation = fyne.TextTruncateEllipsis
			return cell
		}, l.drawCell)
	l.table.ShowHeaderColumn = false
	l.table.UpdateHeader = l.drawHeader
	l.table.OnSelected = func(id fynewidget.TableCellID) { l.selectRow(id.Row) }
	l.win.SetContent(l.layout())
	l.win.Resize(widget.RememberedSize(w.app, "log", fyne.NewSize(1100, 640)))
	l.win.SetOnClosed(func() { w.log = nil })
	w.log = l
	l.win.Show()
	l.reload()
}

func (l *logWindow) layout() fyne.CanvasObject {
	text := func(key string) *fynewidget.Label { return fynewidget.NewLabel(l.w.text(key, nil)) }
	filters := container.NewGridWithColumns(2,
		border(nil, nil, text("log.account"), nil, l.account),
		border(nil, nil, text("log.kind"), nil, l.kind))
	export := widget.NewButton(l.w.text("log.export", nil), l.export)
	bottom := container.NewVBox(l.whole, border(nil, nil, l.count, export, nil))
	return container.NewPadded(border(filters, bottom, nil, nil, container.New(tableLayout{l.table}, l.table)))
}

// choose narrows the log down.
func (l *logWindow) choose(account string, kind core.Kind) {
	if account == l.w.text("log.all_accounts", nil) {
		account = ""
	}
	l.filter = present.Filter{Account: account, Kind: kind}
	l.table.UnselectAll()
	l.whole.SetText("")
	l.pages, l.total = map[int]present.LogPage{}, 0
	l.reload()
	l.table.ScrollToTop()
}

func (l *logWindow) kindOf(name string) core.Kind {
	for _, kind := range core.Kinds() {
		if l.log.KindName(kind) == name {
			return kind
		}
	}
	return ""
}

// reload asks for the pages anew; the old rows stay until the new ones come.
func (l *logWindow) reload() {
	l.drawFilters()
	l.version++
	l.wanted = map[int]bool{}
	numbers := slices.Sorted(maps.Keys(l.pages))
	if len(numbers) == 0 {
		numbers = []int{0}
	}
	for _, number := range numbers {
		l.want(number)
	}
}

func (l *logWindow) drawFilters() {
	accounts := []widget.Choice{{Name: l.w.text("log.all_accounts", nil)}}
	for _, account := range l.w.snapshot.Overview.Accounts {
		accounts = append(accounts, widget.Choice{Name: account.Name})
	}
	kinds := []widget.Choice{{Name: l.w.text("log.all_kinds", nil)}}
	for _, kind := range core.Kinds() {
		kinds = append(kinds, widget.Choice{Name: l.log.KindName(kind)})
	}
	l.account.Set(accounts, cmp.Or(l.filter.Account, accounts[0].Name))
	kind := kinds[0].Name
	if l.filter.Kind != "" {
		kind = l.log.KindName(l.filter.Kind)
	}
	l.kind.Set(kinds, kind)
}

// want loads a page, unless it is on its way.
func (l *logWindow) want(number int) {
	if l.wanted[number] {
		return
	}
	l.wanted[number] = true
	filter, version := l.filter, l.version
	l.w.door(func() func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		page, err := l.log.Page(ctx, filter, number)
		return func() { l.loaded(page, version, err) }
	})
}

func (l *logWindow) loaded(page present.LogPage, version int, err error) {
	switch {
	case version != l.version:
		return
	case err != nil:
		l.whole.SetText(present.Sentence(l.w.tool.Texts, err))
		return
	}
	delete(l.wanted, page.Number)
	l.pages[page.Number] = page
	l.total = page.Total
	for number := range l.pages {
		if len(l.pages) > pagesKept && (number < page.Number-pagesKept/2 || number > page.Number+pagesKept/2) {
			delete(l.pages, number)
		}
	}
	l.count.SetText(l.w.tool.Texts.Count("log.total", l.total, nil))
	if l.total == 0 {
		l.count.SetText(l.w.text("log.empty", nil))
	}
	l.table.Refresh()
}

// row returns a row if its page is there, and asks for the page if not.
func (l *logWindow) row(number int) (present.LogRow, bool) {
	page, there := l.pages[number/present.PageSize]
	if !there {
		l.want(number / present.PageSize)
		return present.LogRow{}, false
	}
	if i := number % present.PageSize; i < len(page.Rows) {
		return page.Rows[i], true
	}
	return present.LogRow{}, false
}

func (l *logWindow) drawCell(id fynewidget.TableCellID, o fyne.CanvasObject) {
	row, _ := l.row(id.Row)
	text := [columns]string{columnAt: row.At, columnWhat: row.What, columnFrom: row.From}[id.Col]
	o.(*fynewidget.Label).SetText(text)
}

func (l *logWindow) drawHeader(id fynewidget.TableCellID, o fyne.CanvasObject) {
	label := o.(*fynewidget.Label)
	label.TextStyle.Bold = true
	if id.Col >= 0 && id.Col < columns {
		key := [columns]string{"log.column.at", "log.column.what", "log.column.from"}[id.Col]
		label.SetText(l.w.text(key, nil))
	}
}

func (l *logWindow) selectRow(number int) {
	if row, there := l.row(number); there {
		l.whole.SetText(row.At + "  " + row.What)
	}
}

// export asks where to, and saves what the filter lets through.
func (l *logWindow) export() {
	day := core.DateOf(l.w.tool.Now(), l.w.tool.Zone).ISO()
	save := dialog.NewFileSave(func(file fyne.URIWriteCloser, err error) {
		switch {
		case err != nil:
			l.whole.SetText(present.Sentence(l.w.tool.Texts, err))
		case file != nil:
			file.Close()
			l.exportTo(file.URI().Path())
		}
	}, l.win)
	save.SetFileName(strings.ReplaceAll(l.w.text("log.file", core.Args{
		"Practice": l.w.snapshot.Overview.Practice.Name, "Day": day,
	}), "/", "-"))
	save.Show()
}

func (l *logWindow) exportTo(path string) {
	filter := l.filter
	l.w.door(func() func() {
		err := l.log.Save(context.Background(), path, filter)
		return func() {
			key := "log.exported"
			if err != nil {
				key = "log.export_failed"
				fyne.LogError("saving the log", err)
			}
			l.whole.SetText(l.w.text(key, core.Args{"Path": path}))
		}
	})
}

// tableLayout gives the middle column the room that the others leave.
type tableLayout struct{ table *fynewidget.Table }

func (tableLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(600, 200) }

func (t tableLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	t.table.SetColumnWidth(columnAt, widthAt)
	t.table.SetColumnWidth(columnWhat, max(200, size.Width-widthAt-widthFrom-30))
	t.table.SetColumnWidth(columnFrom, widthFrom)
	t.table.Resize(size)
}
