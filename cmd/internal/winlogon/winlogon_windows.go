package winlogon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"evry.nl/tfa/cmd/internal/access"
)

// ThisHost returns the host that this program runs on.
func ThisHost(exempt func() ([]string, error)) (Host, error) {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return Host{}, fmt.Errorf("finding the folder of Windows: %w", err)
	}
	programs, err := windows.KnownFolderPath(windows.FOLDERID_ProgramFiles, 0)
	if err != nil {
		return Host{}, fmt.Errorf("finding the folder of programs: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return Host{}, fmt.Errorf("finding this program: %w", err)
	}
	return Host{
		Registry: hive{}, Guarded: guarded, Exempt: exempt,
		Self: filepath.Dir(self), System: system, Programs: programs,
	}, nil
}

func guarded(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return access.Official(file)
}

// hive is HKEY_LOCAL_MACHINE.
type hive struct{}

var _ Registry = hive{}

// Value implements Registry.
func (hive) Value(name, valueName string) (Value, bool, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, name, registry.QUERY_VALUE|registry.WOW64_64KEY)
	var value Value
	if err == nil {
		defer key.Close()
		value, err = read(key, valueName)
	}
	switch {
	case errors.Is(err, registry.ErrNotExist):
		return Value{}, false, nil
	case err != nil:
		return Value{}, false, fmt.Errorf("reading %s: %w", valueName, err)
	}
	return value, true, nil
}

func read(key registry.Key, name string) (Value, error) {
	_, kind, err := key.GetValue(name, nil)
	if err != nil {
		return Value{}, err
	}
	if kind == registry.DWORD {
		n, _, err := key.GetIntegerValue(name)
		return Value{strconv.FormatUint(n, 10), true}, err
	}
	text, _, err := key.GetStringValue(name)
	return Value{Text: text}, err
}

// Set implements Registry.
func (hive) Set(name, valueName string, value Value) error {
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, name, registry.SET_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return err
	}
	defer key.Close()
	if !value.IsNumber {
		return key.SetStringValue(valueName, value.Text)
	}
	n, err := strconv.ParseUint(value.Text, 10, 32)
	if err != nil {
		return err
	}
	return key.SetDWordValue(valueName, uint32(n))
}

// Delete implements Registry.
func (hive) Delete(name, valueName string) error {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, name, registry.SET_VALUE|registry.WOW64_64KEY)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer key.Close()
	if err := key.DeleteValue(valueName); !errors.Is(err, registry.ErrNotExist) {
		return err
	}
	return nil
}

// DeleteKey implements Registry.
func (hive) DeleteKey(name string) error {
	parent, err := registry.OpenKey(registry.LOCAL_MACHINE, filepath.Dir(name), registry.CREATE_SUB_KEY|registry.WOW64_64KEY)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer parent.Close()
	if err := registry.DeleteKey(parent, filepath.Base(name)); !errors.Is(err, registry.ErrNotExist) {
		return err
	}
	return nil
}
