package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"evry.nl/tfa/cmd/internal/access"
)

// privileges are what is left to the service of the many that LocalSystem has: to
// ask who has logged on to a session, and to look into processes and end them
// whatever their owners have set.
var privileges = []string{"SeTcbPrivilege", "SeDebugPrivilege", "SeChangeNotifyPrivilege"}

// restartAfter is how long Windows waits before it starts the service that ended
// by a fault, each time; forgetAfter is when it counts from one again.
const (
	restartAfter = time.Second
	forgetAfter  = 24 * time.Hour
)

// install tells Windows of the service. It can run again, over one that is there.
func install(o options) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the program: %w", err)
	}
	if err := isOfficial(program); err != nil {
		return err
	}
	args := []string{"--log-level", o.level.String()}
	if o.config != "" {
		file, err := filepath.Abs(o.config)
		if err != nil {
			return err
		}
		args = append(args, "--config", file)
	}
	manager, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("reaching the services of Windows (run this as administrator): %w", err)
	}
	defer manager.Disconnect()
	s, err := create(manager, program, args)
	if err != nil {
		return err
	}
	defer s.Close()
	again := mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: restartAfter}
	if err := s.SetRecoveryActions([]mgr.RecoveryAction{again, again, again}, uint32(forgetAfter/time.Second)); err != nil {
		return fmt.Errorf("having Windows start the service anew: %w", err)
	}
	if err := s.SetRecoveryActionsOnNonCrashFailures(true); err != nil {
		return fmt.Errorf("having Windows start the service anew: %w", err)
	}
	if err := limit(s); err != nil {
		return err
	}
	fmt.Println("tfa-service: installed. With the next start every session of a practice that did not pass the gate with it is ended: start it when nobody is logged on")
	return nil
}

// isOfficial holds that nobody but administrators can exchange what will run as
// the system.
func isOfficial(program string) error {
	file, err := os.Open(program)
	if err != nil {
		return fmt.Errorf("looking at the program: %w", err)
	}
	defer file.Close()
	return access.Official(file)
}

func create(manager *mgr.Mgr, program string, args []string) (*mgr.Service, error) {
	c := mgr.Config{
		ServiceType: windows.SERVICE_WIN32_OWN_PROCESS, StartType: mgr.StartAutomatic, ErrorControl: mgr.ErrorNormal,
		DisplayName: "Two Factor RDP", Description: "Decides who passes the gate between password and desktop, and ends sessions that go round it.",
		ServiceStartName: "LocalSystem", SidType: windows.SERVICE_SID_TYPE_UNRESTRICTED,
	}
	s, err := manager.OpenService(serviceName)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		if s, err = manager.CreateService(serviceName, program, c, args...); err != nil {
			return nil, fmt.Errorf("making the service: %w", err)
		}
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the service: %w", err)
	}
	c.BinaryPathName = windows.ComposeCommandLine(append([]string{program}, args...))
	if err := s.UpdateConfig(c); err != nil {
		s.Close()
		return nil, fmt.Errorf("changing the service: %w", err)
	}
	return s, nil
}

// limit leaves the service its privileges and no other.
func limit(s *mgr.Service) error {
	var list []uint16
	for _, name := range privileges {
		list = append(append(list, utf16.Encode([]rune(name))...), 0)
	}
	list = append(list, 0)
	info := struct{ privileges *uint16 }{&list[0]} // SERVICE_REQUIRED_PRIVILEGES_INFO
	err := windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, (*byte)(unsafe.Pointer(&info)))
	if err != nil {
		return fmt.Errorf("taking privileges from the service: %w", err)
	}
	return nil
}

// stopIn is how long the service may take to end.
const stopIn = 20 * time.Second

// uninstall stops the service and has Windows forget it.
func uninstall() error {
	manager, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("reaching the services of Windows (run this as administrator): %w", err)
	}
	defer manager.Disconnect()
	s, err := manager.OpenService(serviceName)
	if err != nil {
		return fmt.Errorf("opening the service: %w", err)
	}
	defer s.Close()
	if _, err := s.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return fmt.Errorf("stopping the service: %w", err)
	}
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for late := time.After(stopIn); ; {
		now, err := s.Query()
		if err != nil {
			return fmt.Errorf("asking whether the service runs: %w", err)
		}
		if now.State == svc.Stopped {
			break
		}
		select {
		case <-again.C:
		case <-late:
			return errors.New("the service does not stop")
		}
	}
	if err := s.Delete(); err != nil {
		return fmt.Errorf("removing the service: %w", err)
	}
	fmt.Println("tfa-service: removed. Take service out of tfa.toml too, or nobody logs on")
	return nil
}
