package manager

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynewidget "fyne.io/fyne/v2/widget"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/practicetest"
	"evry.nl/tfa/ui/present"
)

// openLog opens the log of a practice that is in its transition.
func openLog(t *testing.T, p *practicetest.Practice) *logWindow {
	t.Helper()
	w := open(p, "EV-0000-1", "nl")
	test.Tap(w.openLog)
	if w.log == nil {
		t.Fatal("there is no log")
	}
	return w.log
}

// cell returns what the table shows in a cell: drawn once, which asks for its
// page, and again when the page has come.
func (l *logWindow) cell(row, column int) string {
	cell := fynewidget.NewLabel("")
	l.drawCell(fynewidget.TableCellID{Row: row, Col: column}, cell)
	l.drawCell(fynewidget.TableCellID{Row: row, Col: column}, cell)
	return cell.Text
}

// fill writes so many events into the log.
func fill(p *practicetest.Practice, events int) {
	p.T.Helper()
	p.Must(p.Store.ChangePractice(p.T.Context(), func(*core.Practice) ([]core.Event, error) {
		all := make([]core.Event, events)
		for i := range all {
			all[i] = core.Event{At: p.Now, Kind: core.LogonOTP, Actor: "EV-0000-2", Account: "EV-0000-2", Session: fmt.Sprint(":", i)}
		}
		return all, nil
	}))
}

func TestLogIsNewestFirstInPlainSentences(t *testing.T) {
	l := openLog(t, practicetest.SwitchedOn(t))
	want := []string{
		"EV-0000-1 heeft de QR-code en de codes van EV-0000-1 bekeken.",
		"test heeft het account EV-0000-4 toegevoegd.",
		"EV-0000-3 heeft ingelogd zonder code, in de overgangsperiode.",
		"EV-0000-3 kreeg een nieuwe QR-code op het inlogscherm.",
		"EV-0000-2 heeft ingelogd met een code.",
	}
	for row, sentence := range want {
		if got := strings.TrimPrefix(l.cell(row, columnWhat), "helpdesk "); got != sentence {
			t.Errorf("row %d: %q, want %q", row, got, sentence)
		}
	}
	if l.cell(0, columnAt) != "15-5-2019 08:28:00" || l.cell(0, columnFrom) != "ts01" || l.count.Text != "9 regels" {
		t.Errorf("%q, %q, %q", l.cell(0, columnAt), l.cell(0, columnFrom), l.count.Text)
	}
	l.table.Select(fynewidget.TableCellID{Row: 1, Col: 0})
	if !strings.Contains(l.whole.Text, "toegevoegd") {
		t.Errorf("the selected line says %q", l.whole.Text)
	}
}

func TestLogFilters(t *testing.T) {
	l := openLog(t, practicetest.SwitchedOn(t))
	choose := func(open func(string), text string) {
		open(text)
		focused := l.win.Canvas().Focused()
		focused.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	}
	choose(l.account.Open, "EV-0000-3")
	if l.total != 2 || l.account.Selected() != "EV-0000-3" {
		t.Errorf("account: %d rows, %s", l.total, l.account.Selected())
	}
	choose(l.kind.Open, "Ingelogd zonder code")
	if l.total != 1 || l.cell(0, columnWhat) != "EV-0000-3 heeft ingelogd zonder code, in de overgangsperiode." {
		t.Errorf("kind: %d rows, %q", l.total, l.cell(0, columnWhat))
	}
	choose(l.account.Open, "EV-0000-4")
	if l.total != 0 || l.count.Text != "Er zijn geen regels." {
		t.Errorf("none: %d rows, %q", l.total, l.count.Text)
	}
	choose(l.account.Open, "Alle")
	choose(l.kind.Open, "Alles")
	if l.total != 9 {
		t.Errorf("all: %d rows", l.total)
	}
}

// However far a person scrolls, only some pages are kept.
func TestLogOfThousandsOfRows(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	fill(p, 20_000)
	l := openLog(t, p)
	for row := 1; row < 20_000; row += 397 { // row 0 is the line of this look
		l.table.ScrollTo(fynewidget.TableCellID{Row: row})
		if got, want := l.cell(row, columnFrom), fmt.Sprint(":", 20_000-row); got != want {
			t.Fatalf("row %d: %q, want %q", row, got, want)
		}
	}
	if len(l.pages) > pagesKept {
		t.Errorf("%d pages are kept", len(l.pages))
	}
	l.table.ScrollToTop()
	if l.cell(0, columnWhat) == "" {
		t.Error("scrolling back shows nothing")
	}
}

func TestLogFollowsWhatHappens(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	l := openLog(t, p)
	fill(p, 1)
	tick(p, l.w, 1)
	if l.total != 10 || l.cell(0, columnWhat) != "EV-0000-2 heeft ingelogd met een code." {
		t.Errorf("%d rows, %q", l.total, l.cell(0, columnWhat))
	}
	l.win.Close()
	if l.w.log != nil {
		t.Error("a closed log is still there")
	}
}

func TestLogIsSavedAsCSV(t *testing.T) {
	p := practicetest.SwitchedOn(t)
	p.Must(p.Store.ChangePractice(t.Context(), func(*core.Practice) ([]core.Event, error) {
		return []core.Event{{At: p.Now, Kind: core.LogonOTP, Actor: "EV-0000-2", Account: "EV-0000-2", Client: `=HYPERLINK("x")`}}, nil
	}))
	l := openLog(t, p)
	path := filepath.Join(t.TempDir(), "log.csv")
	l.filter = present.Filter{Account: "EV-0000-2"}
	l.exportTo(path)
	if l.whole.Text != "Het log is bewaard in "+path+"." {
		t.Errorf("the window says %q", l.whole.Text)
	}
	file, err := os.Open(path)
	p.Must(err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	p.Must(err)
	if len(rows) != 4 || rows[0][2] != "kind" || rows[1][2] != "shown_at_logon" || rows[3][7] != `'=HYPERLINK("x")` {
		t.Errorf("%d rows: %v", len(rows), rows)
	}
	l.exportTo(filepath.Join(t.TempDir(), "nowhere", "log.csv"))
	if !strings.HasPrefix(l.whole.Text, "Het log kon niet worden bewaard in ") {
		t.Errorf("the window says %q", l.whole.Text)
	}
}
