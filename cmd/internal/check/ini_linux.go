package check

import "strings"

// ini is a file of sections with settings, as xrdp and systemd read it: sections
// and keys in any case, of two values the last. The first index is the section,
// in lower case; the second the key, likewise.
type ini map[string]map[string]string

func parseINI(text string) ini {
	parsed := ini{}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == ';' || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			section = strings.ToLower(strings.Trim(line, "[]"))
			if parsed[section] == nil {
				parsed[section] = map[string]string{}
			}
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		if parsed[section] == nil {
			parsed[section] = map[string]string{}
		}
		parsed[section][strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
	}
	return parsed
}

// anySection stands for whatever section has the key.
const anySection = "*"

// get returns a value, or without one the default.
func (i ini) get(section, key, otherwise string) string {
	if section == anySection {
		for name := range i {
			if value, ok := i[name][strings.ToLower(key)]; ok {
				return value
			}
		}
	}
	if value, ok := i[strings.ToLower(section)][strings.ToLower(key)]; ok {
		return value
	}
	return otherwise
}

// isOn reports whether xrdp or systemd take a value for yes.
func isOn(value string) bool {
	switch strings.ToLower(value) {
	case "1", "true", "yes", "on":
		return true
	}
	return false
}
