package main

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/cmd/internal/browser"
	"evry.nl/tfa/core/otp"
)

// seeds are what the mutated texts are made of.
func seeds(t *testing.T) []string {
	key, err := otp.ParseURI(rfcURI)
	must(t, err)
	batch := otp.Batches([]otp.Key{key, key}, 10, 300)[0]
	migration, err := batch.URI()
	must(t, err)
	texts := []string{rfcURI, otherURI, migration, "otpauth-migration://offline?data=",
		"otpauth://totp/Caf%C3%A9%20%26%20Zn:EV-0000-1?secret=" + strings.ToLower(rfcBase32) + "%3D%3D&amp;issuer=Caf%C3%A9+%26+Zn&image=x",
		"otpauth://totp/a%3Ab:c?secret=GEZD-GNBV+GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ&algorithm=sha-1&digits=06", "OTPAUTH://u:p@TOTP/x?secret=" + rfcBase32 + "#f"}
	for _, parameter := range []string{"algorithm=SHA256", "algorithm=HMAC-SHA512", "algorithm=MD5", "algorithm=SHA3", "digits=8", "digits=six", "digits=+6", "period=60", "period=0", "period=99999", "secret=AAAA", ";a=b", "issuer=%zz", "issuer=%ff%fe", "secret"} {
		texts = append(texts, rfcURI+"&"+parameter, otherURI+"&"+parameter)
	}
	for _, secret := range []string{"", "A", "AAA", "GEZDGNBVGY3TQOJQ", rfcBase32 + "1", rfcBase32 + "A", rfcBase32 + "=", rfcBase32 + "%20", rfcBase32 + "é", strings.Repeat("GEZDGNBV", 13)} {
		texts = append(texts, "otpauth://totp/x?secret="+secret, "otpauth://hotp/x?secret="+secret, "otpauth://steam/x?secret="+secret, "otpauth:totp/x?secret="+secret)
	}
	return texts
}

// misnamed are texts with a secret in the place of a name.
func misnamed(t *testing.T) []string {
	key, err := otp.ParseURI(rfcURI)
	must(t, err)
	var texts []string
	for _, name := range []string{"Evry:x%3Fsecret%3D" + rfcBase32, rfcBase32, strings.ToLower(rfcBase32[:16]) + "-" + rfcBase32[16:], rfcBase32[:9] + "%07:" + rfcBase32[9:]} {
		texts = append(texts, "otpauth://totp/"+name, "otpauth://totp/"+name+"?secret="+rfcBase32, "otpauth://hotp/"+name+"?secret="+rfcBase32, "otpauth://totp/x?issuer="+name+"&secret="+rfcBase32, "otpauth://totp/"+name+"?secret="+otherBase32)
	}
	migrated, err := otp.Batches([]otp.Key{{Issuer: "Evry", Account: rfcBase32, Secret: key.Secret}, {Account: otherBase32, Secret: key.Secret}}, 10, 300)[0].URI()
	must(t, err)
	return append(texts, migrated)
}

// mutated changes texts in the ways of people and of bad luck: always the same
// ones.
func mutated(texts []string, n int) []string {
	chance := rand.New(rand.NewPCG(1, 2))
	for range 20 { // so that many are right after all
		texts = append(texts, rfcURI, otherURI)
	}
	pieces := []string{"", "%", "%zz", "&", "=", ":", "/", "?", "#", "@", " ", "+", "é", "\x00", ";", "1", "otpauth://", "&amp;", "%00", "[", "&digits=8"}
	all := append([]string{}, texts...)
	for len(all) < n {
		text := texts[chance.IntN(len(texts))]
		from := chance.IntN(len(text))
		all = append(all, strings.ToValidUTF8(text[:from]+pieces[chance.IntN(len(pieces))]+text[min(len(text), from+chance.IntN(4)):], ""))
	}
	return all
}

// reading is what came of a text.
type reading struct {
	Taken  bool
	Labels []string
	Keys   []string
	Why    []string
}

// byCore is what core/otp makes of a text.
func byCore(text string) reading {
	keys, err := []otp.Key(nil), error(nil)
	if strings.HasPrefix(strings.ToLower(text), "otpauth-migration:") {
		var batch otp.Batch
		batch, err = otp.ParseMigration(text)
		keys = batch.Keys
	} else {
		var key otp.Key
		key, err = otp.ParseURI(text)
		keys = []otp.Key{key}
	}
	if err != nil {
		return reading{}
	}
	r := reading{Taken: true}
	for _, key := range keys {
		r.Labels = append(r.Labels, key.Issuer+":"+key.Account)
		r.Keys = append(r.Keys, key.Secret.Base32())
	}
	return r
}

func TestThePageTakesAndRefusesWhatTheServersDo(t *testing.T) {
	_, b := visiting(t)
	texts := append(mutated(seeds(t), 3000), misnamed(t)...)
	list, err := json.Marshal(texts)
	must(t, err)
	got := browser.Eval[[]reading](b, fmt.Sprintf(`import("./read.js").then(({read}) => %s.map((text) => {
		const {keys, refused} = read(text);
		return {taken: !refused.length, labels: keys.map((k) => k.issuer + ":" + k.account),
			keys: keys.map((k) => [...k.secret].map((b) => b.toString(16).padStart(2, "0")).join("")), why: refused.map((r) => r.why)};
	}))`, list))
	words, err := translations.For("nl")
	must(t, err)
	taken := 0
	for i, text := range texts {
		if !strings.HasPrefix(strings.ToLower(text), "otpauth") || !strings.Contains(text, ":") {
			continue // a bare text, which only the page takes
		}
		want := byCore(text)
		for j, key := range want.Keys {
			raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key)
			must(t, err)
			want.Keys[j] = fmt.Sprintf("%x", raw)
		}
		if want.Taken != got[i].Taken || want.Taken && fmt.Sprint(want.Labels, want.Keys) != fmt.Sprint(got[i].Labels, got[i].Keys) {
			t.Errorf("%q: the page %+v, core %+v", text, got[i], want)
		}
		if want.Taken {
			taken++
		}
		for _, why := range got[i].Why {
			if !words.Has("otp.say.refused." + why) {
				t.Errorf("%q: there are no words for %s", text, why)
			}
		}
	}
	if taken < 300 || taken > 2000 {
		t.Errorf("%d of %d are taken: that tells little", taken, len(texts))
	}
}

// Every one of many malformed texts gets a sentence, keeps the form open and
// says nothing of a secret.
func TestMalformedTextsGetASentence(t *testing.T) {
	_, b := visiting(t)
	texts := []string{"", " ", "123456", "123 456", "hallo", "https://www.evry.nl/otp", rfcBase32[:16], rfcBase32 + "A", strings.Repeat("A", 70000), "otpauth://", "\u200b", rfcURI + "\nhallo"}
	for _, text := range append(mutated(seeds(t), 600), misnamed(t)...) {
		if strings.HasPrefix(text, "otpauth") && !byCore(text).Taken {
			texts = append(texts, text)
		}
	}
	if len(texts) < 200 {
		t.Fatalf("only %d texts", len(texts))
	}
	list, err := json.Marshal(texts)
	must(t, err)
	b.Click("#setup")
	sentences := browser.Eval[[]string](b, fmt.Sprintf(`(async () => {
		const said = [], errors = document.getElementById("error"), field = document.getElementById("text");
		for (const text of %s) {
			errors.replaceChildren();
			field.value = text;
			document.getElementById("form").requestSubmit();
			await new Promise((resolve) => setTimeout(resolve));
			said.push(document.getElementById("form").hidden ? "closed" : errors.innerText);
		}
		return said;
	})()`, list))
	for i, sentence := range sentences {
		if len(sentence) < 20 || !strings.HasSuffix(strings.TrimSpace(sentence), ".") && !strings.Contains(sentence, "beheertool") ||
			strings.Contains(strings.ToUpper(sentence), rfcBase32[:8]) || strings.Contains(sentence, "{{") || strings.Contains(sentence, "refused.") {
			t.Errorf("%.80q gets %q", texts[i], sentence)
		}
	}
}

// What only the page takes: secrets without a URI, in any spelling.
func TestBareSecrets(t *testing.T) {
	h := serving(t, pages(t), "127.0.0.1:0")
	b := browser.Start(t, "")
	for name, text := range map[string]string{
		"plain": rfcBase32, "small": strings.ToLower(rfcBase32), "groups": "gezd gnbv gy3t qojq gezd gnbv gy3t qojq", "dashes": "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ",
		"padding": rfcBase32 + "%3D%3D", "lines": "GEZDGNBVGY3TQOJQ\r\nGEZDGNBVGY3TQOJQ", "mail": "\u00a0" + rfcBase32 + "\u200b\n",
	} {
		t.Run(name, func(t *testing.T) {
			b.Open(h.address + "otp/")
			setUp(b, text)
			b.Reads("Account 1")
			showsCodeOf(t, b, rfcBase32)
			b.Click("#wipe")
			b.Click("#ask-yes")
			b.SeesNot(".code")
		})
	}
}
