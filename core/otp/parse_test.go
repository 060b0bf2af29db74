package otp

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
	"pgregory.net/rapid"
)

const rfcBase32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func TestURIsOfOtherProgramsAreRead(t *testing.T) {
	for name, text := range map[string]string{
		"as_we_write_it":       "otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + "&issuer=Evry&algorithm=SHA1&digits=6&period=30",
		"issuer_in_label":      "otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32,
		"escaped_separator":    "otpauth://totp/Evry%3A%20EV-0000-1?secret=" + rfcBase32,
		"issuer_in_parameter":  "otpauth://totp/EV-0000-1?issuer=Evry&secret=" + rfcBase32,
		"two_issuers":          "otpauth://totp/Old%20name:EV-0000-1?issuer=Evry&secret=" + rfcBase32,
		"small_letters":        "OTPAUTH://TOTP/Evry:EV-0000-1?secret=" + strings.ToLower(rfcBase32) + "&algorithm=sha1",
		"padding":              "otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + "%3D%3D",
		"groups":               "otpauth://totp/Evry:EV-0000-1?secret=GEZD+GNBV+GY3T+QOJQ-GEZD%20GNBVGY3TQOJQ",
		"from_a_mail":          "otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + "&amp;issuer=Evry",
		"white_space":          " otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + "\r\n",
		"unknown_parameters":   "otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + "&image=https%3A%2F%2Fevry.nl%2Fi.png&lock=false",
		"algorithm_with_hmac":  "otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + "&algorithm=HmacSHA1",
		"algorithm_with_hyphe": "otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + "&algorithm=SHA-1",
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ParseURI(text)
			if err != nil || key.Label() != "Evry:EV-0000-1" || !key.Secret.Equal(rfcSecret(t)) {
				t.Errorf("%s, %v", key.Label(), err)
			}
		})
	}
}

func TestWhatCanNotBeImportedIsNamed(t *testing.T) {
	uri := func(parameters string) string {
		return "otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + parameters
	}
	for name, test := range map[string]struct{ text, says, label string }{
		"sha256":                {uri("&algorithm=SHA256"), "SHA-256", "Evry:EV-0000-1"},
		"sha512":                {uri("&algorithm=HMAC-SHA512"), "SHA-512", "Evry:EV-0000-1"},
		"md5":                   {uri("&algorithm=MD5"), "MD5", "Evry:EV-0000-1"},
		"unknown_algorithm":     {uri("&algorithm=SHA3"), "another one", "Evry:EV-0000-1"},
		"eight_digits":          {uri("&digits=8"), "codes of 8 digits are not supported, only of 6", "Evry:EV-0000-1"},
		"no_number_of_digits":   {uri("&digits=six"), "a wrong number of digits", "Evry:EV-0000-1"},
		"a_minute":              {uri("&period=60"), "every 60 seconds is not supported, only every 30", "Evry:EV-0000-1"},
		"no_period_at_all":      {uri("&period=0"), "every 0 seconds", "Evry:EV-0000-1"},
		"counter":               {"otpauth://hotp/Evry:EV-0000-1?counter=1&secret=" + rfcBase32, "HOTP", "Evry:EV-0000-1"},
		"steam":                 {"otpauth://steam/Evry:EV-0000-1?secret=" + rfcBase32, "no code by time", "Evry:EV-0000-1"},
		"two_secrets":           {uri("&secret=AAAA"), "twice", "Evry:EV-0000-1"},
		"no_secret":             {"otpauth://totp/Evry:EV-0000-1", "no secret", ""},
		"an_empty_secret":       {"otpauth://totp/Evry:EV-0000-1?secret=", "no secret", ""},
		"no_base32":             {uri("1"), "no base32", "Evry:EV-0000-1"},
		"a_letter_too_many":     {uri("A"), "no base32", "Evry:EV-0000-1"},
		"half_a_character":      {"otpauth://totp/x?secret=AAA", "no base32", "x"},
		"a_short_secret":        {"otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ", "10 bytes", "x"},
		"a_long_secret":         {"otpauth://totp/x?secret=" + strings.Repeat("GEZDGNBV", 13), "65 bytes", "x"},
		"an_address":            {"https://www.evry.nl/otp?secret=" + rfcBase32, "otpauth://", ""},
		"a_migration_code":      {"otpauth-migration://offline?data=", "otpauth://", ""},
		"text":                  {rfcBase32, "otpauth://", ""},
		"a_bad_escape":          {"otpauth://totp/%zz?secret=" + rfcBase32, "no URI", ""},
		"a_bad_parameter":       {uri("&issuer=%zz"), "parameters", ""},
		"too_much":              {uri("&x=" + strings.Repeat("x", longestText)), "too long", ""},
		"a_semicolon":           {uri(";digits=8"), "parameters", ""},
		"unprintable_in_labels": {"otpauth://hotp/%1b%5b2J%0aEvry:x?secret=" + rfcBase32, "HOTP", "[2JEvry:x"},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ParseURI(test.text)
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), rfcBase32[:8]) {
				t.Fatalf("says %v", err)
			}
			if key.Label() != test.label || !key.Secret.IsZero() {
				t.Errorf("label %q, a secret: %v", key.Label(), !key.Secret.IsZero())
			}
		})
	}
}

// Names are shown and stand in errors: what is a secret, whole or cut off, never
// comes back as one.
func TestASecretIsNoName(t *testing.T) {
	grouped := strings.ToLower(rfcBase32[:16] + "-" + rfcBase32[16:20] + " " + rfcBase32[20:])
	for name, text := range map[string]string{
		"no_question_mark":      "otpauth://totp/Evry:EV-0000-1secret=" + rfcBase32 + "&issuer=Evry",
		"escaped_question_mark": "otpauth://totp/Evry:EV-0000-1%3Fsecret%3D" + rfcBase32,
		"in_the_place_of_names": "otpauth://totp/" + rfcBase32,
		"in_the_issuer":         "otpauth://totp/EV-0000-1?issuer=" + rfcBase32,
		"and_another_one":       "otpauth://totp/x%26secret%3D" + rfcBase32 + "?secret=" + strings.Repeat("A", 32),
		"twice":                 "otpauth://totp/" + rfcBase32 + "?secret=" + rfcBase32,
		"twice_and_by_counter":  "otpauth://hotp/x:" + rfcBase32 + "?secret=" + rfcBase32,
		"in_groups":             "otpauth://totp/" + url.PathEscape(grouped) + "?secret=" + rfcBase32,
		"named_in_groups":       "otpauth://totp/" + rfcBase32 + "?secret=" + url.QueryEscape(grouped),
		"cut_off":               "otpauth://totp/" + strings.Repeat("x", 40) + rfcBase32 + "?secret=" + rfcBase32,
		"with_what_is_dropped":  "otpauth://totp/" + rfcBase32[:9] + "%07:" + rfcBase32[9:] + "?secret=" + rfcBase32,
		"migrated":              message("\x0a\x38\x0a\x1412345678901234567890\x12\x20" + rfcBase32 + "\x10\x01"),
		"migrated_name_alone":   message("\x0a\x22\x12\x20" + rfcBase32 + "\x10\x01"),
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ParseURI(text)
			told := fmt.Sprint(key, err)
			if strings.HasPrefix(text, "otpauth-migration") {
				batch, err := ParseMigration(text)
				told = fmt.Sprint(batch, err)
			}
			told = strings.ToUpper(told)
			for i := range len(rfcBase32) - 8 {
				if strings.Contains(told, rfcBase32[i:i+8]) {
					t.Fatalf("it tells %s", told)
				}
			}
		})
	}
}

// anyKey draws a key as this product makes them, or takes them in.
func anyKey(t *rapid.T) Key {
	secret, err := imported(rapid.SliceOfN(rapid.Byte(), shortest, longest).Draw(t, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	return Key{label(rapid.String().Draw(t, "issuer"), maxIssuer), label(rapid.String().Draw(t, "account"), maxAccount), secret}
}

func (k Key) same(other Key) bool { return k.Label() == other.Label() && k.Secret.Equal(other.Secret) }

func TestURIsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyKey(t)
		text, err := URI(want.Issuer, want.Account, want.Secret)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseURI(text); err != nil || !got.same(want) {
			t.Fatalf("%q was read as %q, %v", want.Label(), got.Label(), err)
		}
	})
}

func TestMigrationCodesAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.Custom(anyKey), 1, 30).Draw(t, "keys")
		id, perCode := NewBatchID(), rapid.IntRange(1, 12).Draw(t, "per code")
		var got []Key
		batches := Batches(keys, perCode, id)
		for i, batch := range batches {
			text, err := batch.URI()
			if err != nil {
				t.Fatal(err)
			}
			read, err := ParseMigration(text)
			if err != nil || read.ID != id || read.Index != i || read.Size != len(batches) || len(read.Keys) > perCode {
				t.Fatalf("code %d of %d: %d of %d, %v", i, len(batches), read.Index, read.Size, err)
			}
			got = append(got, read.Keys...)
		}
		if len(got) != len(keys) {
			t.Fatalf("%d keys, want %d", len(got), len(keys))
		}
		for i := range keys {
			if !got[i].same(keys[i]) {
				t.Fatalf("key %d: %q was read as %q", i, keys[i].Label(), got[i].Label())
			}
		}
	})
}

// The bytes, one by one: iPhones need the index even if it is 0.
func TestMigrationCodeByteForByte(t *testing.T) {
	keys := []Key{{"Evry", "EV-0000-1", rfcSecret(t)}}
	text, err := Batches(keys, 10, 300)[0].URI()
	if err != nil {
		t.Fatal(err)
	}
	data, found := strings.CutPrefix(text, "otpauth-migration://offline?data=")
	data, err = url.QueryUnescape(data)
	if err != nil || !found {
		t.Fatalf("%v", err)
	}
	got, err := base64.StdEncoding.DecodeString(data)
	want := "\x0a\x2d" + "\x0a\x1412345678901234567890" + "\x12\x09EV-0000-1" + "\x1a\x04Evry" + "\x20\x01\x28\x01\x30\x02" +
		"\x10\x01" + "\x18\x01" + "\x20\x00" + "\x28\xac\x02"
	if err != nil || string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBatchIDsArePositive(t *testing.T) {
	for range 1000 {
		if NewBatchID() <= 0 {
			t.Fatal("a number that some apps refuse")
		}
	}
}

// Version 22 is what the tool draws with dots of 4 pixels at scale 1; version 23
// some scanners can't read.
func TestMigrationCodesStayReadable(t *testing.T) {
	largest := 0
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.Custom(anyKey), 1, 20).Draw(t, "keys")
		for _, batch := range Batches(keys, 10, NewBatchID()) {
			code, err := qrcode.New(batch.text(), qrcode.Low)
			if err != nil {
				t.Fatal(err)
			}
			if largest = max(largest, code.VersionNumber); code.VersionNumber > 22 {
				t.Fatalf("a code of version %d", code.VersionNumber)
			}
		}
	})
	if largest < 20 {
		t.Errorf("the largest code was of version %d", largest)
	}
	ten := make([]Key, 10)
	for i := range ten {
		ten[i] = Key{"Evry", "EV-0000-10", NewSecret()}
	}
	if n := len(Batches(ten, 10, 1)); n != 1 {
		t.Errorf("ten usual accounts take %d codes", n)
	}
}

// message returns a migration code of these bytes.
func message(bytes string) string {
	return "otpauth-migration://offline?data=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(bytes)))
}

// entry is a field 1 with these fields after secret and name.
func entry(fields string) string {
	body := "\x0a\x1412345678901234567890\x12\x06Evry:x" + fields
	return "\x0a" + string(rune(len(body))) + body
}

func TestMigrationCodesOfOtherProgramsAreRead(t *testing.T) {
	for name, bytes := range map[string]string{
		"issuer_in_name":       entry("") + "\x10\x01",
		"issuer_beside":        entry("\x1a\x04Evry") + "\x10\x01\x18\x01\x20\x00\x28\x01",
		"version_2":            entry("\x20\x01\x28\x01\x30\x02") + "\x10\x02",
		"unknown_fields":       entry("\x42\x02id\x49abcdefgh\x55abcd") + "\x10\x01\x30\x05",
		"a_counter_of_nothing": entry("\x38\x00") + "\x10\x01",
		"a_negative_batch":     entry("") + "\x10\x01\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
	} {
		t.Run(name, func(t *testing.T) {
			batch, err := ParseMigration(message(bytes))
			if err != nil || len(batch.Keys) != 1 || batch.Keys[0].Label() != "Evry:x" || !batch.Keys[0].Secret.Equal(rfcSecret(t)) || batch.Size != 1 {
				t.Errorf("%+v, %v", batch, err)
			}
		})
	}
	plus := "otpauth-migration://offline?data=" + base64.StdEncoding.EncodeToString([]byte("\x12\x03~~~"+entry("")+"\x10\x01"))
	if batch, err := ParseMigration(plus); !strings.Contains(plus, "+") || err != nil || len(batch.Keys) != 1 {
		t.Errorf("with a '+' that was not escaped: %v", err)
	}
}

func TestDamagedMigrationCodesAreRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, says string }{
		"no_base64":         {"otpauth-migration://offline?data=%21%21", "no base64"},
		"half_of_base64":    {message(entry("") + "\x10\x01")[:60], "damaged"},
		"no_data":           {"otpauth-migration://offline", "damaged"},
		"another_scheme":    {"otpauth://offline?data=", "otpauth-migration://"},
		"another_place":     {"otpauth-migration://online?data=", "otpauth-migration://"},
		"cut_in_an_account": {message(entry("")[:20]), "damaged"},
		"cut_after_one":     {message(entry("")), "damaged"},
		"nothing_in_it":     {message("\x10\x01"), "no accounts"},
		"version_3":         {message(entry("") + "\x10\x03"), "version 3"},
		"a_third_of_two":    {message(entry("") + "\x10\x01\x18\x02\x20\x02"), "damaged"},
		"a_huge_batch":      {message(entry("") + "\x10\x01\x18\xff\xff\xff\xff\x0f"), "damaged"},
		"a_huge_length":     {message("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"), "damaged"},
		"an_endless_number": {message("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "damaged"},
		"a_field_0":         {message("\x00\x01"), "damaged"},
		"a_group":           {message("\x0b\x0c"), "damaged"},
		"half_a_fixed":      {message("\x55abc"), "damaged"},
		"sha256":            {message(entry("\x20\x02") + "\x10\x01"), "Evry:x: the algorithm is SHA-256"},
		"unknown_algorithm": {message(entry("\x20\x63") + "\x10\x01"), "Evry:x: the algorithm is another one"},
		"eight_digits":      {message(entry("\x28\x02") + "\x10\x01"), "Evry:x: codes of other than 6 digits"},
		"counter":           {message(entry("\x30\x01") + "\x10\x01"), "Evry:x: codes by counter (HOTP)"},
		"another_kind":      {message(entry("\x30\x03") + "\x10\x01"), "Evry:x: it is no code by time"},
		"no_secret":         {message("\x0a\x03\x12\x01x\x10\x01"), "there is no secret"},
		"a_short_secret":    {message("\x0a\x07\x0a\x02ab\x12\x01x\x10\x01"), "x: the secret has 2 bytes"},
		"two_of_three":      {message(entry("\x30\x01") + entry("") + entry("\x28\x02") + "\x10\x01"), "\nEvry:x: codes of other"},
	} {
		t.Run(name, func(t *testing.T) {
			batch, err := ParseMigration(test.text)
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "12345") || batch.Keys != nil {
				t.Errorf("%d keys, says %v", len(batch.Keys), err)
			}
		})
	}
}

// What is read is bounded by what is given, and is written and read alike.
func FuzzParseURI(f *testing.F) {
	f.Add("otpauth://totp/Evry:EV-0000-1?secret=" + rfcBase32 + "&issuer=Evry&algorithm=SHA1&digits=6&period=30")
	f.Add("otpauth://hotp/%zz?secret=&secret=&amp;period=60")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParseURI(text)
		if err != nil {
			if !key.Secret.IsZero() {
				t.Fatal("a secret came with an error")
			}
			return
		}
		again, err := URI(key.Issuer, key.Account, key.Secret)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseURI(again); err != nil || !back.same(key) {
			t.Fatalf("%q was read back as %q, %v", key.Label(), back.Label(), err)
		}
	})
}

func FuzzParseMigration(f *testing.F) {
	for _, bytes := range []string{"", entry("") + "\x10\x01\x18\x01\x20\x00\x28\x01", entry("\x42\x02id\x49abcdefgh\x55abcd") + "\x10\x02", "\x0a\xff\x01"} {
		f.Add([]byte(bytes))
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		batch, err := ParseMigration(message(string(bytes)))
		if err != nil {
			return
		}
		if len(batch.Keys)*shortest > len(bytes) || batch.Index >= batch.Size {
			t.Fatalf("%d keys of %d bytes, code %d of %d", len(batch.Keys), len(bytes), batch.Index, batch.Size)
		}
		back, err := ParseMigration(batch.text())
		if err != nil || len(back.Keys) != len(batch.Keys) || back.ID != batch.ID {
			t.Fatalf("read back: %d keys of %d, %v", len(back.Keys), len(batch.Keys), err)
		}
		for i := range batch.Keys {
			if !back.Keys[i].same(batch.Keys[i]) {
				t.Fatalf("key %d differs", i)
			}
		}
	})
}
