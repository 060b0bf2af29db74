//go:build unix

package hostlog

import "log/syslog"

func write(program, line string) error {
	log, err := syslog.New(syslog.LOG_AUTHPRIV|syslog.LOG_NOTICE, program)
	if err != nil {
		return err
	}
	defer log.Close()
	return log.Notice(line)
}
