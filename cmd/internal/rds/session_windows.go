package rds

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

var (
	wtsapi                     = windows.NewLazySystemDLL("wtsapi32.dll")
	wtsQuerySessionInformation = wtsapi.NewProc("WTSQuerySessionInformationW")
	wtsDisconnectSession       = wtsapi.NewProc("WTSDisconnectSession")
	wtsLogoffSession           = wtsapi.NewProc("WTSLogoffSession")
	// The address that the connection comes from, as Windows' own log has it. What
	// wtsapi32 tells is what the client says of itself.
	winStationQueryInformation = windows.NewLazySystemDLL("winsta.dll").NewProc("WinStationQueryInformationW")
	regCreateKeyEx             = windows.NewLazySystemDLL("advapi32.dll").NewProc("RegCreateKeyExW")
)

// What is asked of a session.
const (
	wtsWinStationName       = 6
	wtsConnectState         = 8
	winStationRemoteAddress = 29
)

// Session implements System.
func (w *Windows) Session(id uint32) (State, error) {
	var token windows.Token
	switch err := windows.WTSQueryUserToken(id, &token); {
	case errors.Is(err, windows.ERROR_NO_TOKEN), errors.Is(err, windows.ERROR_FILE_NOT_FOUND), errors.Is(err, windows.ERROR_CTX_WINSTATION_NOT_FOUND):
		return State{}, ErrNone
	case err != nil:
		return State{}, fmt.Errorf("asking who has logged on to session %d: %w", id, err)
	}
	defer token.Close()
	user, err := token.GetTokenUser()
	if err != nil {
		return State{}, fmt.Errorf("asking who has logged on to session %d: %w", id, err)
	}
	logon, err := logonOf(token)
	if err != nil {
		return State{}, fmt.Errorf("asking for the logon of session %d: %w", id, err)
	}
	state := State{Key: Key{ID: id, Logon: logon, SID: user.User.Sid.String()}, Client: remoteAddress(id)}
	// A session without a name is connected to nothing.
	if name := askSession(id, wtsWinStationName); len(name) > 1 {
		state.Station = windows.UTF16ToString(unsafe.Slice((*uint16)(unsafe.Pointer(&name[0])), len(name)/2))
	}
	if connected := askSession(id, wtsConnectState); len(connected) >= 4 {
		state.IsLeft = connected[0] == windows.WTSDisconnected
	}
	return state, nil
}

// statistics is TOKEN_STATISTICS.
type statistics struct {
	token, authentication windows.LUID
	expires               int64
	_                     [5]uint32
	modified              windows.LUID
}

// logonOf returns the LUID of the logon that a token is from.
func logonOf(token windows.Token) (string, error) {
	var s statistics
	var size uint32
	err := windows.GetTokenInformation(token, windows.TokenStatistics, (*byte)(unsafe.Pointer(&s)), uint32(unsafe.Sizeof(s)), &size)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x:%x", uint32(s.authentication.HighPart), s.authentication.LowPart), nil
}

// askSession returns what Windows tells of a session; nothing if it does not.
func askSession(id uint32, what uintptr) []byte {
	var text *byte
	var size uint32
	ok, _, _ := wtsQuerySessionInformation.Call(0, uintptr(id), what, uintptr(unsafe.Pointer(&text)), uintptr(unsafe.Pointer(&size)))
	if ok == 0 || text == nil {
		return nil
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(text)))
	return slices.Clone(unsafe.Slice(text, size))
}

// remoteAddress returns from where a session is connected, "" if from nowhere.
func remoteAddress(id uint32) string {
	if winStationQueryInformation.Find() != nil {
		return ""
	}
	var address [remoteAddressSize]byte
	var size uint32
	ok, _, _ := winStationQueryInformation.Call(0, uintptr(id), winStationRemoteAddress,
		uintptr(unsafe.Pointer(&address)), remoteAddressSize, uintptr(unsafe.Pointer(&size)))
	if byte(ok) == 0 { // a BOOLEAN
		return ""
	}
	return addressOf(address)
}

// Disconnect implements System.
func (w *Windows) Disconnect(id uint32) error {
	if ok, _, err := wtsDisconnectSession.Call(0, uintptr(id), 0); ok == 0 {
		return fmt.Errorf("disconnecting session %d: %w", id, err)
	}
	return nil
}

// LogOff implements System.
func (w *Windows) LogOff(id uint32) error {
	if ok, _, err := wtsLogoffSession.Call(0, uintptr(id), 0); ok == 0 {
		return fmt.Errorf("logging session %d off: %w", id, err)
	}
	return nil
}

// bootKey is a key of the registry that Windows keeps in memory only. It stands
// beside ours, because what such a key holds can't be kept.
const bootKey = `SOFTWARE\TFA boot`

// Boot implements System: it is a number that the first service of a boot draws,
// and that is gone with it. The time of the boot is none: it moves with the clock.
func (w *Windows) Boot() (string, error) {
	if err := makeVolatile(bootKey); err != nil {
		return "", fmt.Errorf("making %s: %w", bootKey, err)
	}
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, bootKey, registry.QUERY_VALUE|registry.SET_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return "", fmt.Errorf("opening %s: %w", bootKey, err)
	}
	defer key.Close()
	boot, _, err := key.GetStringValue("")
	if errors.Is(err, registry.ErrNotExist) {
		boot = rand.Text()
		err = key.SetStringValue("", boot)
	}
	return boot, err
}

// makeVolatile makes a key that the next boot does not find.
func makeVolatile(name string) error {
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	const isVolatile = 1
	var key registry.Key
	status, _, _ := regCreateKeyEx.Call(uintptr(registry.LOCAL_MACHINE), uintptr(unsafe.Pointer(path)), 0, 0, isVolatile,
		registry.QUERY_VALUE|registry.SET_VALUE|registry.WOW64_64KEY, 0, uintptr(unsafe.Pointer(&key)), 0)
	if status != 0 {
		return windows.Errno(status)
	}
	return key.Close()
}
