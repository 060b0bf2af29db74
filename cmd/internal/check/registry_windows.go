package check

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// ThisRegistry reads the registry and the policies of this host.
func ThisRegistry() Registry { return windowsRegistry{sync.OnceValues(exportRights)} }

type windowsRegistry struct {
	rights func() (map[string][]string, error)
}

// openKey opens HKLM\… or HKU\… in the 64-bit view, which Windows itself uses.
// Error: registry.ErrNotExist.
func openKey(name string) (registry.Key, error) {
	hive, rest, _ := strings.Cut(name, `\`)
	root := registry.LOCAL_MACHINE
	if hive == "HKU" {
		root = registry.USERS
	}
	return registry.OpenKey(root, rest, registry.READ|registry.WOW64_64KEY)
}

func (windowsRegistry) Value(name, valueName string) (value string, found bool, err error) {
	key, err := openKey(name)
	if err == nil {
		defer key.Close()
		value, err = readValue(key, valueName)
	}
	switch {
	case errors.Is(err, registry.ErrNotExist):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("reading %s in %s: %w", valueName, name, err)
	}
	return value, true, nil
}

func readValue(key registry.Key, name string) (string, error) {
	_, kind, err := key.GetValue(name, nil)
	if err != nil {
		return "", err
	}
	switch kind {
	case registry.DWORD, registry.QWORD:
		n, _, err := key.GetIntegerValue(name)
		return strconv.FormatUint(n, 10), err
	case registry.BINARY:
		data, _, err := key.GetBinaryValue(name)
		return hex.EncodeToString(data), err
	case registry.MULTI_SZ:
		list, _, err := key.GetStringsValue(name)
		return strings.Join(list, "\n"), err
	}
	text, _, err := key.GetStringValue(name)
	return text, err
}

func (windowsRegistry) Keys(name string) ([]string, error) {
	key, err := openKey(name)
	if errors.Is(err, registry.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	defer key.Close()
	return key.ReadSubKeyNames(-1)
}

func (r windowsRegistry) Right(name string) ([]string, error) {
	rights, err := r.rights()
	return rights[name], err
}

// exportRights has secedit write the local policy.
func exportRights() (map[string][]string, error) {
	folder, err := os.MkdirTemp("", "tfa-check-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "rights.inf")
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return nil, err
	}
	if out, err := exec.Command(filepath.Join(system, "secedit.exe"), "/export", "/areas", "USER_RIGHTS", "/cfg", file).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("exporting the local policy: %w: %s", err, strings.TrimSpace(string(out)))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("exporting the local policy: %w", err)
	}
	return parseRights(text), nil
}
