package core

import (
	"slices"
	"testing"
)

func TestRecordHasAFieldForEachName(t *testing.T) {
	e := Event{
		Seq: 7, At: moment(t, "2019-05-15 08:28:00"), Kind: AccountLock, Actor: "EV-0000-1", Account: "EV-0000-2",
		Server: "ts1", Session: ":10", Client: "192.0.2.7", Detail: Detail{"until": "then", "failures": "5"},
	}
	want := []string{"7", "2019-05-15T06:28:00Z", "locked", "EV-0000-1", "EV-0000-2", "ts1", ":10", "192.0.2.7", "failures=5 until=then"}
	if got := e.Record(); !slices.Equal(got, want) || len(got) != len(RecordFields()) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSpreadsheetsTakeNoFieldForAFormula(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+31": "'+31", "-x": "'-x", "@x": "'@x", "\t=1": "'\t=1", "\n=1": "'\n=1", "＝1": "'＝1",
		"EV-0000-1": "EV-0000-1", "é=1": "é=1", "": "",
	} {
		if got := Inert([]string{"x", in}); got[0] != "x" || got[1] != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestDisclosuresAreKinds(t *testing.T) {
	for _, kind := range Disclosures() {
		if !slices.Contains(Kinds(), kind) {
			t.Errorf("%s is no kind", kind)
		}
	}
}
