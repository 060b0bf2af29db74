package seal

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// thisMachine protects by DPAPI with the secret of this Windows, because every
// account of the practice must open the key.
type thisMachine struct{}

const dpapiFlags = windows.CRYPTPROTECT_LOCAL_MACHINE | windows.CRYPTPROTECT_UI_FORBIDDEN

func (thisMachine) protect(plain, purpose []byte) ([]byte, error) {
	var out windows.DataBlob
	if err := windows.CryptProtectData(blob(plain), nil, blob(purpose), 0, nil, dpapiFlags, &out); err != nil {
		return nil, fmt.Errorf("protecting a key: %w", err)
	}
	return taken(out)
}

func (thisMachine) unprotect(sealed, purpose []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, errors.New("nothing was protected")
	}
	var out windows.DataBlob
	if err := windows.CryptUnprotectData(blob(sealed), nil, blob(purpose), 0, nil, dpapiFlags, &out); err != nil {
		return nil, fmt.Errorf("opening a protected key: %w", err)
	}
	return taken(out)
}

func blob(data []byte) *windows.DataBlob {
	return &windows.DataBlob{Size: uint32(len(data)), Data: unsafe.SliceData(data)}
}

// taken copies what Windows made, and clears and frees its own.
func taken(out windows.DataBlob) ([]byte, error) {
	made := unsafe.Slice(out.Data, out.Size)
	data := append([]byte(nil), made...)
	clear(made)
	if _, err := windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data))); err != nil {
		return nil, fmt.Errorf("freeing memory: %w", err)
	}
	return data, nil
}
