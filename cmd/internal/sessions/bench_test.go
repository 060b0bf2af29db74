//go:build linux

package sessions

import "testing"

// BenchmarkLook measures one look at a host where 1,000 programs run in sessions
// that have passed; the service takes four a second.
func BenchmarkLook(b *testing.B) {
	h := newHost(b)
	for range 20 {
		u := h.logOn()
		if _, err := u.says(`i=0; while [ $i -lt 50 ]; do /usr/bin/sleep 1000 & i=$((i+1)); done; echo started`); err != nil {
			b.Fatal(err)
		}
		if err := u.Pass(); err != nil {
			b.Fatal(err)
		}
	}
	watch := h.watch(DefaultPolicy())
	for b.Loop() {
		if err := watch.Look(); err != nil {
			b.Fatal(err)
		}
	}
}
