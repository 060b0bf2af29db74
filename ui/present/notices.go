package present

import (
	"strconv"
	"strings"

	"evry.nl/tfa/core"
)

// How much is told at once: more would not be read by who wants to begin work.
const (
	mostNotices = 5
	mostDays    = 3
)

// granted is the screen of a yes: empty, unless there is something that the
// account must hear of.
func (l Logon) granted(v core.Verdict) Screen {
	screen := Screen{Outcome: Yes}
	if v.Notices == nil {
		return screen
	}
	screen.Account = l.Texts.Text("logon.account", core.Args{"Account": l.Actor.Account})
	screen.Heading = l.Texts.Text("logon.notices.heading", nil)
	left := 0
	for i, notice := range *v.Notices {
		if i >= mostNotices {
			left += notice.Times
			continue
		}
		screen.Text = append(screen.Text, l.notice(notice))
	}
	if left > 0 {
		screen.Text = append(screen.Text, l.Texts.Count("logon.notices.more", left, nil))
	}
	screen.Text = append(screen.Text, l.Texts.Text("logon.notices.advice", nil))
	return screen
}

// notice is one sentence.
func (l Logon) notice(n core.Notice) string {
	return l.Texts.Text("logon.notices."+string(n.Kind), core.Args{
		"Who": l.who(n.Actor), "Days": l.days(n.Days), "When": When(n.Last, l.Zone),
	})
}

// who names an actor.
func (l Logon) who(actor string) string {
	if name, helpdesk := strings.CutPrefix(actor, core.HelpdeskName+" "); helpdesk {
		return l.Texts.Text("logon.notices.helpdesk", core.Args{"Name": name})
	}
	return actor
}

// days lists days as people write them: 3-6 en 5-6. Of many it names the last.
func (l Logon) days(days []core.Date) string {
	year := core.DateOf(l.Now(), l.Zone).Year
	var names []string
	for _, day := range days[max(0, len(days)-mostDays):] {
		name := strconv.Itoa(day.Day) + "-" + strconv.Itoa(int(day.Month))
		if day.Year != year {
			name = day.String()
		}
		names = append(names, name)
	}
	last := len(names) - 1
	switch {
	case len(days) > mostDays:
		return l.Texts.Count("logon.notices.more_days", len(days)-mostDays, core.Args{"Days": strings.Join(names, ", ")})
	case last > 0:
		return l.Texts.Text("logon.notices.and", core.Args{"Days": strings.Join(names[:last], ", "), "Last": names[last]})
	}
	return strings.Join(names, "")
}
