package config

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"evry.nl/tfa/core"
)

// document is the file in TOML's own types. What a file does not mention keeps
// the value that it had.
type document struct {
	Store           string   `toml:"store"`
	KeyFile         string   `toml:"key_file"`
	Service         string   `toml:"service"`
	PracticePattern string   `toml:"practice_pattern"`
	Issuer          string   `toml:"issuer"`
	Language        string   `toml:"language"`
	ManualURL       string   `toml:"manual_url"`
	OTPURL          string   `toml:"otp_url"`
	Exempt          []string `toml:"exempt"`
	Owners          []string `toml:"owners"`
	TransitionDays  int      `toml:"transition_days"`
	Mandatory       bool     `toml:"mandatory"`
	Timeout         string   `toml:"timeout"`
	ReconnectGrace  string   `toml:"reconnect_grace"`
	Lockout         struct {
		Attempts int    `toml:"attempts"`
		First    string `toml:"first"`
		Longest  string `toml:"longest"`
	} `toml:"lockout"`
	Identity struct {
		Account string `toml:"account"`
	} `toml:"identity"`
}

// sentences lists what a file may say, by the sentence that tells what is
// allowed there. The key is the sentence without "config.".
var sentences = []string{
	"config.store", "config.key_file", "config.service", "config.practice_pattern", "config.issuer",
	"config.language", "config.manual_url", "config.otp_url", "config.exempt", "config.owners",
	"config.transition_days", "config.mandatory", "config.timeout", "config.reconnect_grace",
	"config.lockout", "config.lockout.attempts", "config.lockout.first", "config.lockout.longest",
	"config.identity", "config.identity.account",
}

// source is a file's text with the line of each key in it.
type source struct {
	file  string
	data  []byte
	lines map[string]int
}

// parse reads a file's text. Every error is Invalid and names a line.
func parse(file string, data []byte) (Config, error) {
	s := source{file: file, data: bytes.TrimPrefix(data, []byte("\ufeff")), lines: map[string]int{}}
	if err := s.findKeys(); err != nil {
		return Config{}, err
	}
	config := Default()
	doc := config.document()
	if err := toml.NewDecoder(bytes.NewReader(s.data)).DisallowUnknownFields().Decode(&doc); err != nil {
		return Config{}, s.decoding(err)
	}
	if err := config.take(doc, s); err != nil {
		return Config{}, err
	}
	config.File = file
	return config, nil
}

// refuse returns the error that says what is allowed, at the first of keys that
// the file has.
func (s source) refuse(sentence string, keys ...string) error {
	for _, key := range keys {
		if line := s.lines[key]; line > 0 {
			return s.at(line, sentence, nil)
		}
	}
	return s.at(1, sentence, nil)
}

func (s source) at(line int, sentence string, args core.Args) error {
	all := core.Args{"File": s.file, "Line": line}
	for name, value := range args {
		all[name] = value
	}
	return core.NewError(core.Invalid, sentence, all, nil)
}

// findKeys fills in the lines. TOML's decoder takes STORE for store, and so
// would let a file say it twice; here a key is known in one spelling.
func (s source) findKeys() error {
	var parser unstable.Parser
	parser.Reset(s.data)
	table := ""
	for parser.NextExpression() {
		node := parser.Expression()
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			key, line := path(&parser, node)
			if err := s.note(key, line); err != nil {
				return err
			}
			table = key + "."
		case unstable.KeyValue:
			if err := s.noteKeyValue(&parser, table, node); err != nil {
				return err
			}
		}
	}
	return nil // what is no TOML at all, the decoder tells with its place
}

// noteKeyValue notes a key, the tables that a dotted key implies, and what an
// inline table holds.
func (s source) noteKeyValue(parser *unstable.Parser, table string, node *unstable.Node) error {
	key, line := path(parser, node)
	if implied, _, dotted := strings.Cut(key, "."); dotted && table == "" {
		if _, found := s.lines[implied]; !found {
			s.lines[implied] = line
		}
	}
	key = table + key
	if err := s.note(key, line); err != nil {
		return err
	}
	if node.Value().Kind != unstable.InlineTable {
		return nil
	}
	for inner := node.Value().Children(); inner.Next(); {
		if err := s.noteKeyValue(parser, key+".", inner.Node()); err != nil {
			return err
		}
	}
	return nil
}

func (s source) note(key string, line int) error {
	switch {
	case sentenceOf(key) == "":
		return s.at(line, "config.unknown", core.Args{"Key": printable(key)})
	case s.lines[key] > 0:
		return s.at(line, "config.twice", core.Args{"Key": key, "First": s.lines[key]})
	}
	s.lines[key] = line
	return nil
}

// path returns the dotted key of a node and its line.
func path(parser *unstable.Parser, node *unstable.Node) (string, int) {
	var parts []string
	line := 0
	for key := node.Key(); key.Next(); {
		if line == 0 {
			line = parser.Shape(key.Node().Raw).Start.Line
		}
		parts = append(parts, string(key.Node().Data))
	}
	return strings.Join(parts, "."), max(line, 1)
}

func sentenceOf(key string) string {
	for _, sentence := range sentences {
		if sentence == "config."+key {
			return sentence
		}
	}
	return ""
}

// decoding turns what TOML's decoder says into a sentence: what is allowed
// there if the type is wrong, the decoder's own words if the text is no TOML.
func (s source) decoding(err error) error {
	var decode *toml.DecodeError
	if !errors.As(err, &decode) {
		return s.at(1, "config.syntax", core.Args{"Problem": problem(err)})
	}
	line, _ := decode.Position()
	line = max(line, 1)
	if sentence := sentenceOf(strings.Join(decode.Key(), ".")); sentence != "" {
		return s.at(line, sentence, nil)
	}
	return s.at(line, "config.syntax", core.Args{"Problem": problem(err)})
}

// printable keeps what a file says from moving the cursor of a terminal.
func printable(key string) string { return strings.Trim(strconv.QuoteToGraphic(key), `"`) }

func problem(err error) string { return strings.TrimPrefix(err.Error(), "toml: ") }
