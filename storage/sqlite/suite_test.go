package sqlite

import (
	"testing"

	"evry.nl/tfa/core"
	"evry.nl/tfa/storage/storagetest"
)

func TestStorePassesTheSuite(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) core.Store { return newStore(t) })
}
