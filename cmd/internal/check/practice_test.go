package check

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"evry.nl/tfa/cmd/internal/config"
	"evry.nl/tfa/cmd/internal/stores"
	"evry.nl/tfa/core"
)

// practiceFiles are a store and its key, with two accounts in it. They are made
// once: every host of the tests has these.
var practiceFiles = sync.OnceValues(func() (files map[string][]byte, err error) {
	folder, err := os.MkdirTemp("", "tfa-check-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	cfg := config.Default()
	cfg.Store, cfg.KeyFile = "sqlite://"+folder+"/{practice}/tfa.db", folder+"/{practice}/tfa.key"
	store, err := stores.Create(context.Background(), cfg, "EV-0000", "")
	if err != nil {
		return nil, err
	}
	helpdesk := core.Helpdesk{Direct: core.Direct{Store: store, Rules: cfg.Rules(), Now: time.Now}}
	for _, account := range []string{"EV-0000-1", "EV-0000-2"} {
		if _, err := helpdesk.AddAccount(context.Background(), core.Actor{Account: "test", Helpdesk: true}, account); err != nil {
			return nil, err
		}
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	files = map[string][]byte{}
	for _, name := range []string{"tfa.db", "tfa.key"} {
		if files[name], err = os.ReadFile(filepath.Join(folder, "EV-0000", name)); err != nil {
			return nil, err
		}
	}
	return files, nil
})
