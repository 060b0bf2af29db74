package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/core"
)

// impossible are files that are refused, with the line and the sentence.
var impossible = map[string]struct {
	text     string
	line     int
	sentence string
}{
	"no_toml":                          {"\nstore = \n", 2, "config.syntax"},
	"no_utf8":                          {"issuer = '\xff'", 1, "config.syntax"},
	"unknown_key":                      {"language = 'nl'\n\ntransition = 3", 3, "config.unknown"},
	"unknown_spelling":                 {"Store = 'sqlite:///x/{practice}/y'", 1, "config.unknown"},
	"unknown_table":                    {"[locks]\nfirst = '1m'", 1, "config.unknown"},
	"unknown_key_in_a_table":           {"[lockout]\nattempts = 3\ntries = 3", 3, "config.unknown"},
	"unknown_dotted_key":               {"lockout.first = '2m'\nlockout.tries = 2", 2, "config.unknown"},
	"unknown_key_in_an_inline_table":   {"lockout = { tries = 2 }", 1, "config.unknown"},
	"key_twice":                        {"mandatory = true\nmandatory = false", 2, "config.twice"},
	"table_twice":                      {"[lockout]\n[identity]\n[lockout]", 3, "config.twice"},
	"store_of_wrong_type":              {"store = 3", 1, "config.store"},
	"store_with_a_path_only":           {"store = '/var/lib/tfa/{practice}/tfa.db'", 1, "config.store"},
	"store_relative":                   {"store = 'sqlite://tfa/{practice}/tfa.db'", 1, "config.store"},
	"store_for_all_practices":          {"store = 'sqlite:///var/lib/tfa/tfa.db'", 1, "config.store"},
	"store_without_a_folder_each":      {"store = 'sqlite:///var/lib/tfa/{practice}.db'", 1, "config.store"},
	"store_that_climbs":                {"store = 'sqlite:///var/lib/{practice}/../tfa.db'", 1, "config.store"},
	"store_with_options":               {"store = 'sqlite:///var/{practice}/tfa.db?mode=memory'", 1, "config.store"},
	"store_of_another_scheme":          {"store = 'mysql:///var/lib/tfa/{practice}/tfa.db'", 1, "config.store"},
	"store_not_built_yet":              {"store = 'postgres://tfa@db/tfa'", 1, "config.store_postgres"},
	"key_file_for_all_practices":       {"key_file = '/var/lib/tfa/tfa.key'", 1, "config.key_file"},
	"key_file_relative":                {"key_file = '{practice}/tfa.key'", 1, "config.key_file"},
	"key_file_is_the_store":            {"\nstore = 'sqlite:///x/{practice}/a'\nkey_file = '/x/{practice}/a'", 3, "config.key_file"},
	"store_is_the_default_key_file":    {"store = 'sqlite:///var/lib/tfa/{practice}/tfa.key'", 1, "config.key_file"},
	"service_is_no_path":               {"service = 'tfa.sock'", 1, "config.service"},
	"service_is_longer_than_sockets":   {"service = '/run/" + strings.Repeat("x", 103) + "'", 1, "config.service"},
	"pattern_does_not_compile":         {"practice_pattern = '(?P<practice>'", 1, "config.practice_pattern"},
	"pattern_without_the_group":        {"practice_pattern = '^(.+)-1$'", 1, "config.practice_pattern"},
	"issuer_empty":                     {"issuer = ''", 1, "config.issuer"},
	"issuer_with_a_colon":              {"issuer = 'Evry: TFA'", 1, "config.issuer"},
	"issuer_too_long":                  {"issuer = '" + strings.Repeat("e", 41) + "'", 1, "config.issuer"},
	"language_unknown":                 {"language = 'de'", 1, "config.language"},
	"manual_url_not_https":             {"manual_url = 'http://www.evry.nl/tfa'", 1, "config.manual_url"},
	"manual_url_without_host":          {"manual_url = 'https:///tfa'", 1, "config.manual_url"},
	"otp_url_not_https":                {"otp_url = 'www.evry.nl/otp'", 1, "config.otp_url"},
	"exempt_no_list":                   {"exempt = 'root'", 1, "config.exempt"},
	"exempt_with_a_number":             {"exempt = ['root',\n 1]", 2, "config.exempt"},
	"exempt_with_a_domain":             {`exempt = ['EVRY\root']`, 1, "config.exempt"},
	"owners_outside_the_pattern":       {"owners = ['root']", 1, "config.owners"},
	"transition_days_text":             {"transition_days = '14'", 1, "config.transition_days"},
	"transition_days_broken":           {"transition_days = 1.5", 1, "config.transition_days"},
	"transition_days_negative":         {"transition_days = -1", 1, "config.transition_days"},
	"transition_days_over_a_year":      {"transition_days = 366", 1, "config.transition_days"},
	"transition_days_beyond_64_bits":   {"transition_days = 99999999999999999999", 1, "config.transition_days"},
	"mandatory_text":                   {"mandatory = 'true'", 1, "config.mandatory"},
	"timeout_number":                   {"timeout = 300", 1, "config.timeout"},
	"timeout_no_duration":              {"timeout = '5 minutes'", 1, "config.timeout"},
	"timeout_too_short":                {"timeout = '9s'", 1, "config.timeout"},
	"grace_no_duration":                {"reconnect_grace = 'long'", 1, "config.reconnect_grace"},
	"grace_before_it_begins":           {"reconnect_grace = '-1s'", 1, "config.reconnect_grace"},
	"grace_too_long":                   {"reconnect_grace = '9h'", 1, "config.reconnect_grace"},
	"timeout_too_long":                 {"timeout = '61m'", 1, "config.timeout"},
	"lockout_no_table":                 {"lockout = 5", 1, "config.lockout"},
	"lockout_attempts_zero":            {"[lockout]\nattempts = 0", 2, "config.lockout.attempts"},
	"lockout_first_zero":               {"[lockout]\nfirst = '0s'", 2, "config.lockout.first"},
	"lockout_longest_less_than_first":  {"[lockout]\nfirst = '2m'\nlongest = '1m'", 3, "config.lockout.longest"},
	"lockout_first_more_than_default":  {"[lockout]\n\nfirst = '20m'", 3, "config.lockout.longest"},
	"identity_no_table":                {"identity = 'EV-0000-1'", 1, "config.identity"},
	"identity_account_outside_pattern": {"[identity]\naccount = 'root'", 2, "config.identity.account"},
}

func TestImpossibleFilesAreRefusedWithTheirLine(t *testing.T) {
	for name, test := range impossible {
		t.Run(name, func(t *testing.T) {
			_, err := parse("/etc/tfa/tfa.toml", []byte(test.text))
			var e *core.Error
			if !errors.As(err, &e) {
				t.Fatalf("parse returned %v, want a core.Error", err)
			}
			if e.Code != core.Invalid || e.Sentence != test.sentence || e.Args["Line"] != test.line {
				t.Errorf("parse returned %v, want %s in line %d", e, test.sentence, test.line)
			}
		})
	}
}

func TestEveryKeyIsTaken(t *testing.T) {
	c, err := parse("f", []byte("\ufeff"+`
store            = "sqlite:///srv/tfa/p-{practice}.d/tfa.db"
key_file         = "/srv/keys/{practice}/tfa.key"
service          = "/run/tfa/service.sock"
practice_pattern = '^(?P<practice>P\d+)[a-z]$'
issuer           = "Ðe & Co"
language         = "en"
manual_url       = "https://example.org/manual"
otp_url          = "https://example.org/otp"
exempt           = ["root", "jan"]
owners           = ["P1a"]
transition_days  = 0
mandatory        = true
timeout          = "10s"
reconnect_grace  = "0s"
lockout          = { attempts = 1, first = "1s", longest = "1s" }
[identity]
account = "P1b"
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.File != "f" || c.Language != "en" || c.ManualURL != "https://example.org/manual" || c.OTPURL != "https://example.org/otp" ||
		c.Timeout != 10*time.Second || c.Identity.Account != "P1b" || c.Service != "/run/tfa/service.sock" || c.ReconnectGrace != 0 {
		t.Errorf("parse returned %+v", c)
	}
	rules := c.Rules()
	if practice, err := rules.PracticeOf("P1a"); practice != "P1" || err != nil {
		t.Errorf("PracticeOf returned %q, %v", practice, err)
	}
	if rules.Issuer != "Ðe & Co" || !rules.Mandatory || rules.TransitionDays != 0 || rules.Zone != time.Local ||
		!slices.Equal(rules.Owners, []string{"P1a"}) || !slices.Equal(rules.Exempt, []string{"root", "jan"}) ||
		rules.Lockout != (core.Lockout{Attempts: 1, First: time.Second, Longest: time.Second}) {
		t.Errorf("Rules returned %+v", rules)
	}
	if path := c.StorePath("P1"); path != "/srv/tfa/p-P1.d/tfa.db" {
		t.Errorf("StorePath returned %q", path)
	}
	if path := c.KeyPath("P1"); path != "/srv/keys/P1/tfa.key" {
		t.Errorf("KeyPath returned %q", path)
	}
	if parent, prefix, suffix := c.StoreFolders(); parent != "/srv/tfa" || prefix != "p-" || suffix != ".d" {
		t.Errorf("StoreFolders returned %q, %q, %q", parent, prefix, suffix)
	}
}

func TestEmptyFileIsDefault(t *testing.T) {
	c, err := parse("f", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.File = ""
	if want := Default(); c.document().Store != want.Store || c.Timeout != want.Timeout || c.Rules().Pattern.String() != want.Rules().Pattern.String() {
		t.Errorf("parse returned %+v, want %+v", c, want)
	}
}

// What the template shows as defaults must be the defaults.
func TestTemplateShowsDefaults(t *testing.T) {
	text := string(Template([]string{"root", "o'brien"}))
	c, err := parse("f", []byte(text))
	if err != nil || !slices.Equal(c.Exempt, []string{"root", "o'brien"}) {
		t.Fatalf("parse returned exempt %q, %v", c.Exempt, err)
	}
	var shown []string
	for line := range strings.Lines(text) {
		if setting, found := strings.CutPrefix(line, "#"); found && !strings.HasPrefix(setting, " ") {
			line = setting
		}
		shown = append(shown, line)
	}
	text = strings.Join(shown, "")
	for _, sentence := range sentences {
		key := sentence[strings.LastIndex(sentence, ".")+1:]
		if !strings.HasPrefix(sentence, "config.identity") && !strings.Contains(text, "\n"+key) && !strings.Contains(text, "\n["+key) {
			t.Errorf("the template has no %s", key)
		}
	}
	c, err = parse("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c.File, c.Exempt = "", nil
	got, want := c.document(), Default().document()
	got.Exempt, got.Owners, want.Exempt, want.Owners = nil, nil, nil, nil
	if got.Store != want.Store || got.KeyFile != want.KeyFile || got.Lockout != want.Lockout || got.Timeout != want.Timeout ||
		got.TransitionDays != want.TransitionDays || got.PracticePattern != want.PracticePattern || got.Language != want.Language ||
		got.Issuer != want.Issuer || got.ManualURL != want.ManualURL || got.OTPURL != want.OTPURL || got.Mandatory != want.Mandatory ||
		got.ReconnectGrace != want.ReconnectGrace {
		t.Errorf("the template says %+v, the defaults are %+v", got, want)
	}
}

// Each sentence stands in both languages and names its file, line and key.
func TestSentencesSayWhere(t *testing.T) {
	for _, language := range translations.Languages() {
		texts, err := translations.For(language)
		if err != nil {
			t.Fatal(err)
		}
		more := []string{"config.syntax", "config.unknown", "config.twice", "config.store_postgres"}
		for _, sentence := range append(more, sentences...) {
			text := texts.Text(sentence, core.Args{"File": "/f.toml", "Line": 7, "Key": "key", "First": 1, "Problem": "?"})
			key := sentence[strings.LastIndex(sentence, ".")+1:]
			if !strings.HasPrefix(text, "/f.toml, ") || !strings.Contains(text, " 7: ") || strings.Contains(text, "<no value>") ||
				slices.Contains(sentences, sentence) && !strings.Contains(text, key) {
				t.Errorf("%s in %s is %q", sentence, language, text)
			}
		}
	}
}

func TestLoadRefusesWhatOthersCouldHaveWritten(t *testing.T) {
	for name, test := range map[string]struct {
		mode os.FileMode
		code core.Code
	}{
		"owner_only":            {0o600, ""},
		"readable_by_all":       {0o644, ""},
		"writable_by_its_group": {0o664, core.Refused},
		"writable_by_all":       {0o646, core.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tfa.toml")
			if err := os.WriteFile(path, []byte("language = 'en'\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, test.mode); err != nil {
				t.Fatal(err)
			}
			c, err := Load(path)
			if core.CodeOf(err) != test.code {
				t.Fatalf("Load returned %v, want code %q", err, test.code)
			}
			if err == nil && (c.Language != "en" || c.File != path) {
				t.Errorf("Load returned %+v", c)
			}
		})
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	folder := t.TempDir()
	if _, err := Load(folder); core.CodeOf(err) != core.Refused {
		t.Errorf("Load of a folder returned %v", err)
	}
	if _, err := Load(filepath.Join(folder, "none.toml")); core.CodeOf(err) != core.Missing {
		t.Errorf("Load of a missing file returned %v", err)
	}
	long := filepath.Join(folder, "long.toml")
	if err := os.WriteFile(long, make([]byte, longestFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(long); core.CodeOf(err) != core.Refused {
		t.Errorf("Load of a long file returned %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(Template([]string{"root"})))
	f.Add("store = 'sqlite:///srv/{practice}/tfa.db'\n[lockout]\nfirst = '2m'\n[identity]\naccount = 'EV-0000-1'")
	f.Add("lockout = { attempts = 3, first = \"1s\" }\nlockout.longest = '3s'\n[[lockout]]\n[identity.account]")
	f.Add("\"a\\u001b[2J\" = 1\nowners = [[], {a = 1}, 1979-05-27]")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse("f", []byte(text))
		if err == nil {
			for _, check := range c.checks() {
				if !check.ok {
					t.Errorf("parse let %s pass", check.sentence)
				}
			}
			if c.Rules().Pattern == nil || c.StorePath("P") == c.StorePath("Q") || c.KeyPath("P") == c.KeyPath("Q") {
				t.Errorf("parse returned %+v", c)
			}
			return
		}
		var e *core.Error
		if !errors.As(err, &e) || e.Code != core.Invalid || e.Args["File"] != "f" {
			t.Fatalf("parse returned %v", err)
		}
		if line, lines := e.Args["Line"].(int), strings.Count(text, "\n")+1; line < 1 || line > lines {
			t.Errorf("parse names line %d of %d: %v", line, lines, err)
		}
		if key, found := e.Args["Key"].(string); found && strings.ContainsFunc(key, func(r rune) bool { return r < ' ' }) {
			t.Errorf("the error passes on control characters: %q", key)
		}
	})
}
