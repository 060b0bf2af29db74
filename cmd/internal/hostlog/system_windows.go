package hostlog

import "golang.org/x/sys/windows/svc/eventlog"

const (
	// windowsSource is the name under which the set-up announces us in the log
	// called Application.
	windowsSource = "TFA"
	// eventID is the number of all our events. Its text, in Windows'
	// EventCreate.exe, is the line alone.
	eventID = 1
)

// write hands a line to the event log. Error: it does not take it.
func write(source, line string, important bool) error {
	log, err := eventlog.Open(windowsSource)
	if err != nil {
		return err
	}
	defer log.Close()
	if important {
		return log.Warning(eventID, source+": "+line)
	}
	return log.Info(eventID, line)
}
