package core

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestNamesAreInTheOrderOfPeople(t *testing.T) {
	want := []string{"", "EV-0000", "EV-0000-1", "EV-0000-2", "EV-0000-02", "EV-0000-9", "EV-0000-10", "EV-0000-100", "EV-1-1", "EV-0001-1", "F", "a"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, CompareNames)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Numbers longer than any integer type are compared too.
func TestLongNumbersInNames(t *testing.T) {
	if CompareNames("EV-99999999999999999999998", "EV-99999999999999999999999") >= 0 {
		t.Error("a long number is compared wrongly")
	}
}

// Sorting needs a total order; without one a list jumps.
func TestOrderOfNamesIsTotal(t *testing.T) {
	name := rapid.StringOfN(rapid.SampledFrom([]rune("012-aÖ")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := name.Draw(t, "a"), name.Draw(t, "b"), name.Draw(t, "c")
		sign := func(n int) int { return min(max(n, -1), 1) }
		if sign(CompareNames(a, b)) != -sign(CompareNames(b, a)) {
			t.Fatalf("%q and %q are ordered both ways", a, b)
		}
		if (CompareNames(a, b) == 0) != (a == b) {
			t.Fatalf("%q and %q are alike", a, b)
		}
		if CompareNames(a, b) < 0 && CompareNames(b, c) < 0 && CompareNames(a, c) >= 0 {
			t.Fatalf("%q < %q < %q, but not the first < the last", a, b, c)
		}
	})
}
