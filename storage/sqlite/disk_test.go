//go:build linux

package sqlite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/seal"
)

func TestUpkeepOnAFullDiskChangesNothing(t *testing.T) { onOwnDisk(t, "upkeep on a full disk") }

func TestUpkeepOnAReadOnlyDiskChangesNothing(t *testing.T) {
	onOwnDisk(t, "upkeep on a read-only disk")
}

// onDisk makes a store on a small disk, with its key, and a backup in memory.
func onDisk(told spec) (*disk, *Store, []byte, error) {
	d, err := newDisk(told)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := seal.CreateKeyFile(told.Key); err != nil { // the other is under the disk
		return nil, nil, nil, err
	}
	store, err := Open(context.Background(), told.Path, practice, seal.KeyFile(told.Key))
	if err != nil {
		return nil, nil, nil, err
	}
	for n := range 8 {
		if err := tryAdd(context.Background(), store, fmt.Sprintf("%s-%d", practice, n)); err != nil {
			return nil, nil, nil, err
		}
	}
	var backup bytes.Buffer
	_, err = store.Backup(context.Background(), &backup, upkeepNow)
	return d, store, backup.Bytes(), err
}

// tryUpkeep tries all upkeep and expects a sentence of it.
func (d *disk) tryUpkeep(store *Store, backup []byte, sentence string) {
	ctx := context.Background()
	_, err := restore(ctx, bytes.NewReader(backup), d.told, upkeepNow)
	d.expect("restoring", err, sentence)
	d.expect("rotating the key", desk(store, upkeepNow).RotateKey(ctx, kees), sentence)
	_, err = desk(store, upkeepNow).PruneLog(ctx, kees, upkeepNow.AddDate(-1, 0, 0))
	d.expect("pruning", err, sentence)
	var again bytes.Buffer
	_, err = store.Backup(ctx, &again, upkeepNow)
	d.expect("backing up", err, "")
	d.expect("recording a backup", desk(store, upkeepNow).BackUp(ctx, kees, "x", nil), sentence)
}

func playUpkeepOnFullDisk(told spec, _ *json.Decoder, out *json.Encoder) error {
	d, store, backup, err := onDisk(told)
	if err != nil {
		return err
	}
	d.expect("filling up", d.fillUp(), "")
	for stored := 0; ; stored++ { // the -wal has some space of its own
		if err := tryAdd(context.Background(), store, practice+"-1"); err != nil {
			break
		}
	}
	before, files := d.count(store), d.files()
	d.tryUpkeep(store, backup, "store.full")
	if after := d.count(store); after != before {
		d.problems = append(d.problems, fmt.Sprintf("the log has %d events, not %d", after, before))
	}
	if after := d.files(); !maps.Equal(after, files) {
		d.problems = append(d.problems, fmt.Sprintf("the folder holds %v, not %v", after, files))
	}
	d.expect("freeing space", d.free(), "")
	d.tryUpkeep(store, backup, "")
	d.expect("closing", store.Close(), "")
	return out.Encode(d.problems)
}

func playUpkeepOnReadOnlyDisk(told spec, _ *json.Decoder, out *json.Encoder) error {
	d, store, backup, err := onDisk(told)
	if err != nil {
		return err
	}
	d.expect("closing", store.Close(), "")
	before := d.files()
	remount := syscall.Mount("tfa", filepath.Dir(told.Path), "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	d.expect("remounting", remount, "")
	_, err = restore(context.Background(), bytes.NewReader(backup), d.told, upkeepNow)
	d.expect("restoring", err, "store.readonly")
	if after := d.files(); !maps.Equal(after, before) {
		d.problems = append(d.problems, fmt.Sprintf("the folder holds %v, not %v", after, before))
	}
	return out.Encode(d.problems)
}

func (d *disk) count(store *Store) int {
	page, err := store.Events(context.Background(), core.Query{})
	d.expect("reading", err, "")
	return page.Total
}

// files are the files of the folder, but for locks.
func (d *disk) files() map[string]bool {
	files := map[string]bool{}
	entries, err := os.ReadDir(filepath.Dir(d.told.Path))
	d.expect("reading the folder", err, "")
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != lockSuffix {
			files[entry.Name()] = true
		}
	}
	return files
}
