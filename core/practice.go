package core

import "time"

// Practice is a firm whose accounts share one switch.
type Practice struct {
	Name      string
	Enabled   bool
	EnabledAt time.Time
	EnabledBy string
	// LastDay is the last day of the transition, fixed at switch-on.
	LastDay Date
	// Mandatory is set by the helpdesk: no logon without switching on.
	Mandatory bool
	// Seen is the latest time that the store has seen. A clock before it has
	// been turned back.
	Seen time.Time
}

// clockTolerance is how far a clock may lie before Seen without being called
// wrong: servers that keep time by NTP differ by less.
const clockTolerance = time.Minute

// SwitchOn turns two-factor on and starts the transition. It reports false, and
// changes nothing, when it is on already.
func (p *Practice) SwitchOn(by string, now time.Time, r Rules) bool {
	if p.Enabled {
		return false
	}
	p.Enabled, p.EnabledAt, p.EnabledBy = true, now, by
	p.LastDay = DateOf(now, r.Zone).AddDays(r.TransitionDays)
	return true
}

// MaySkip reports whether a logon at now may skip the code: until the end of
// the last day, in the server's zone, at the latest time ever seen.
func (p Practice) MaySkip(now time.Time, zone *time.Location) bool {
	return p.Enabled && !p.LastDay.IsZero() && p.DaysLeft(now, zone) >= 0
}

// DaysLeft returns the number of days until the last day: 0 on that day,
// negative after it.
func (p Practice) DaysLeft(now time.Time, zone *time.Location) int {
	return p.LastDay.DaysSince(DateOf(p.latest(now), zone))
}

// ClockBehind reports whether a clock that says now is evidently wrong: it lies
// before what the store has already seen.
func (p Practice) ClockBehind(now time.Time) bool {
	return p.Seen.Sub(now) > clockTolerance
}

// latest returns now, or the latest time seen if the clock was turned back.
func (p Practice) latest(now time.Time) time.Time {
	if p.Seen.After(now) {
		return p.Seen
	}
	return now
}
