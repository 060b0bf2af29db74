package hostlog

import "golang.org/x/sys/windows/svc/eventlog"

const (
	// source is the name under which the set-up announces us to the event log.
	source = "TFA"
	// event is the number of our events. Its text, in Windows' EventCreate.exe,
	// is the line alone.
	event = 1
)

func write(program, line string) error {
	log, err := eventlog.Open(source)
	if err != nil {
		return err
	}
	defer log.Close()
	return log.Warning(event, program+": "+line)
}
