package core

import (
	"fmt"
	"time"
)

// Date is a civil date: a day on the wall calendar of the server's zone, no
// moment in time. The zero Date is no date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day that t falls on in zone.
func DateOf(t time.Time, zone *time.Location) Date {
	year, month, day := t.In(zone).Date()
	return Date{year, month, day}
}

// ParseDate reads the form that ISO writes: 2019-05-29.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, NewError(Invalid, "invalid.date", Args{"Text": s}, err)
	}
	return DateOf(t, time.UTC), nil
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// AddDays returns the day n days later.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC), time.UTC)
}

// After reports whether d is a later day than other.
func (d Date) After(other Date) bool { return d.DaysSince(other) > 0 }

// DaysSince returns the number of days from other to d; negative if d is
// earlier. It counts calendar days, so summer time does not matter.
func (d Date) DaysSince(other Date) int {
	at := func(d Date) time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }
	return int(at(d).Sub(at(other)) / (24 * time.Hour))
}

// String returns the form of the screens: 29-5-2019.
func (d Date) String() string { return fmt.Sprintf("%d-%d-%d", d.Day, d.Month, d.Year) }

// ISO returns the form for stores and scripts: 2019-05-29, or "" for no date.
func (d Date) ISO() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText implements encoding.TextMarshaler with ISO.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.ISO()), nil }

// UnmarshalText implements encoding.TextUnmarshaler: ISO, or "" for no date.
func (d *Date) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	*d, err = ParseDate(string(text))
	return err
}
