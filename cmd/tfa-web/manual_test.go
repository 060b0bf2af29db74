package main

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/cryptotest"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"evry.nl/tfa/assets/translations"
	"evry.nl/tfa/assets/web"
	"evry.nl/tfa/cmd/internal/browser"
	"evry.nl/tfa/core/otp"
	"evry.nl/tfa/storage/practicetest"
)

// manualIn returns the manual in a language, and the path of its file.
func manualIn(t testing.TB, language string) (text, file string) {
	t.Helper()
	file = "tfa/" + web.Document(language)
	content, ok := pages(t)[file]
	if !ok {
		t.Fatalf("there is no %s", file)
	}
	return string(content), file
}

// all returns what the group of an expression finds, without tags.
func all(text, expression string) []string {
	var found []string
	for _, match := range regexp.MustCompile(`(?s)`+expression).FindAllStringSubmatch(text, -1) {
		found = append(found, html.UnescapeString(regexp.MustCompile(`<[^>]+>`).ReplaceAllString(match[1], "")))
	}
	return found
}

func TestManualSaysTheSameInBothLanguages(t *testing.T) {
	var shapes [][]string
	for _, language := range translations.Languages() {
		text, _ := manualIn(t, language)
		// What a translation must keep: parts, steps, places of pictures and where links lead.
		shape := all(text, `<(section id="[^"]+"|h3 id="[^"]+"|li>|p>|tr>|b>|a href="[^"]+"|img src="[^"]+-)`)
		for i := range shape {
			shape[i] = strings.ReplaceAll(shape[i], "../otp/en.html", "../otp/")
			shape[i] = strings.TrimSuffix(strings.ReplaceAll(shape[i], "-"+language+"-light.png", ""), "-"+language+"-")
		}
		shapes = append(shapes, slices.DeleteFunc(shape, func(s string) bool { return s == `a href="./"` || s == `a href="en.html"` }))
	}
	if len(shapes[0]) < 200 {
		t.Fatalf("it has %d parts", len(shapes[0]))
	}
	for i, part := range shapes[0] {
		if i >= len(shapes[1]) || part != shapes[1][i] {
			t.Fatalf("after %q one has %q and the other %q", shapes[0][max(0, i-5):i], part, shapes[1][i:min(i+1, len(shapes[1]))])
		}
	}
}

func TestContentsOfTheManualNameEverySection(t *testing.T) {
	for _, language := range translations.Languages() {
		text, _ := manualIn(t, language)
		_, contents, _ := strings.Cut(text, `<nav class="contents"`)
		contents, rest, _ := strings.Cut(contents, "</nav>")
		if named, there := all(contents, `<li><a href="#([^"]+)"`), all(rest, `<section id="([^"]+)"`); !slices.Equal(named, there) {
			t.Errorf("%s: it names %q, and has %q", language, named, there)
		}
		if named, there := all(contents, `<li><a [^>]*>(.*?)</a>`), all(rest, `<h2>(.*?)</h2>`); len(there) < 15 || !slices.Equal(named, there) {
			t.Errorf("%s: it names %q, and has %q", language, named, there)
		}
	}
}

// label returns an expression for a text as it stands on a screen.
func label(template string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(template)
	return regexp.MustCompile(`^` + regexp.MustCompile(`\\\{\\\{\\\.\w+\\\}\\\}`).ReplaceAllString(quoted, `[\w-]+`) + `$`)
}

// Whoever follows a step looks for exactly those words on the screen.
func TestLabelsInTheManualAreThoseOfTheScreens(t *testing.T) {
	for _, language := range translations.Languages() {
		texts, err := translations.For(language)
		must(t, err)
		text, _ := manualIn(t, language)
		named := all(text, `<b>(.*?)</b>`)
		if len(named) < 40 {
			t.Fatalf("%s: it names %d labels", language, len(named))
		}
		for _, name := range named {
			if !slices.ContainsFunc(texts.Keys(), func(key string) bool { return label(texts.Template(key)).MatchString(name) }) {
				t.Errorf("%s: no screen says %q", language, name)
			}
		}
		for _, key := range []string{"tool.off.heading", "logon.off.without", "logon.off.switch_on", "logon.account", "logon.field", "logon.skip", "logon.helper", "logon.spent",
			"tool.title", "tool.accounts", "tool.show_log", "tool.otp", "tool.reset", "tool.copy_code", "tool.copy_secret", "tool.copy_uri", "tool.scan", "log.export", "otp.setup", "otp.ok"} {
			if !slices.ContainsFunc(named, label(texts.Template(key)).MatchString) {
				t.Errorf("%s: it does not name %q", language, texts.Template(key))
			}
		}
	}
}

// On any web server, below any address: what a page names is there.
func TestLinksOfTheManualLeadSomewhere(t *testing.T) {
	dir := t.TempDir()
	must(t, export(pages(t), dir))
	for _, language := range translations.Languages() {
		text, file := manualIn(t, language)
		targets := all(text, ` (?:href|src|srcset)="([^"]*)"`)
		if len(targets) < 60 {
			t.Fatalf("%s: it has %d links", language, len(targets))
		}
		for _, target := range targets {
			name, id, _ := strings.Cut(target, "#")
			if name == "" {
				name = path.Base(file)
			} else if strings.HasSuffix(name, "/") {
				name += "index.html"
			}
			content, err := os.ReadFile(filepath.Join(dir, path.Dir(file), filepath.FromSlash(name)))
			if err != nil || id != "" && !strings.Contains(string(content), ` id="`+id+`"`) {
				t.Errorf("%s: %s leads nowhere: %v", file, target, err)
			}
		}
	}
}

// Each picture is shown, in both themes, and small.
func TestPicturesOfTheManual(t *testing.T) {
	files := pages(t)
	var expected []string
	for _, language := range translations.Languages() {
		text, _ := manualIn(t, language)
		screens := all(text, `<img src="([^"]+)-`+language+`-light\.png"`)
		if len(screens) < 8 {
			t.Fatalf("%s: it shows %q", language, screens)
		}
		for _, screen := range screens {
			for _, theme := range themes {
				name := screen + "-" + language + "-" + theme + ".png"
				expected = append(expected, "tfa/"+name)
				if n := len(files["tfa/"+name]); n == 0 || n > 40_000 || !strings.Contains(text, `"`+name+`"`) {
					t.Errorf("%s has %d bytes, or is not shown", name, n)
				}
			}
		}
		if alts := all(text, `<img [^>]*alt="([^"]{20,})"`); len(alts) != len(screens) {
			t.Errorf("%s: %d of %d pictures are described", language, len(alts), len(screens))
		}
	}
	for name := range files {
		if strings.HasPrefix(name, "tfa/") && strings.HasSuffix(name, ".png") && !strings.HasPrefix(name, "tfa/icon-") && !slices.Contains(expected, name) {
			t.Errorf("nothing shows %s", name)
		}
	}
}

// secretsOfTests returns the secrets that screens are drawn with: those of the
// practice of tests, made from a fixed seed.
func secretsOfTests(t *testing.T) []string {
	var secrets []string
	for first, last := range map[int]int{4: 4, 5: 13} { // who logs on after the others
		t.Run("practice", func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, 1)
			p := practicetest.SwitchedOn(t)
			for i := first; i <= last; i++ {
				secrets = append(secrets, p.LogOn(fmt.Sprintf("EV-0000-%d", i)).Base32())
			}
			for i := 1; i <= 3; i++ {
				view, err := p.Tool().Show(t.Context(), practicetest.Actor("EV-0000-1"), fmt.Sprintf("EV-0000-%d", i))
				must(t, err)
				secrets = append(secrets, view.Secret.Base32())
			}
		})
	}
	return secrets
}

// The pictures hold the secrets of the practice of tests, made from a fixed seed,
// and no others.
func TestSecretsInThePicturesAreThoseOfTheTests(t *testing.T) {
	secrets, read := secretsOfTests(t), map[string]int{}
	for name, content := range pages(t) {
		if !strings.HasPrefix(name, "tfa/") || !strings.HasSuffix(name, "-light.png") {
			continue
		}
		file := filepath.Join(t.TempDir(), path.Base(name))
		must(t, os.WriteFile(file, content, 0o600))
		out, _ := exec.Command("zbarimg", "-q", "--raw", "--nodbus", file).Output() // status 4 if there is none
		for text := range strings.FieldsSeq(string(out)) {
			keys := []otp.Key(nil)
			if strings.HasPrefix(text, "otpauth-migration:") {
				batch, err := otp.ParseMigration(text)
				must(t, err)
				keys = batch.Keys
			} else {
				key, err := otp.ParseURI(text)
				must(t, err)
				keys = append(keys, key)
			}
			for _, key := range keys {
				read[key.Account]++
				if !strings.HasPrefix(key.Account, "EV-0000-") || !slices.Contains(secrets, key.Secret.Base32()) {
					t.Errorf("%s holds a secret of %s", name, key.Account)
				}
			}
		}
	}
	// The window, twice, and ten accounts at once, twice; the logon screen, twice.
	if read["EV-0000-1"] < 4 || read["EV-0000-4"] < 2 {
		t.Errorf("read %v", read)
	}
}

func TestManualIsForEverybody(t *testing.T) {
	script := axe(t)
	h := exported(t)
	for _, language := range translations.Languages() {
		_, file := manualIn(t, language)
		b := browser.Start(t, "")
		for _, width := range []int{320, 768, 1280} {
			b.Resize(width, 800)
			for _, theme := range themes {
				b.Prefer("prefers-color-scheme", theme)
				b.Open(h.address + file)
				browser.Eval[bool](b, script+`; true`)
				screen := fmt.Sprintf("manual-%s-%s-%d", language, theme, width)
				if found := browser.Eval[string](b, `axe.run().then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.html)).join("\n"))`); found != "" {
					t.Errorf("%s: %s", screen, found)
				}
				if wide := browser.Eval[int](b, `document.documentElement.scrollWidth`); wide > width {
					t.Errorf("%s: it is %d wide", screen, wide)
				}
				b.Until(`[...document.images].every((i) => i.complete)`)
				if shown := browser.Eval[[]string](b, `[...document.querySelectorAll("figure img")].map((i) => i.naturalWidth && i.currentSrc)`); slices.ContainsFunc(shown, func(address string) bool {
					return !strings.HasSuffix(address, language+"-"+theme+".png")
				}) {
					t.Errorf("%s: it shows %q", screen, shown)
				}
				noComplaints(t, b)
				if *shots != "" {
					b.Shot(filepath.Join(*shots, screen+".png"))
				}
			}
		}
	}
}

// The manual has no script, and may have none.
func TestManualAllowsNoScript(t *testing.T) {
	for _, language := range translations.Languages() {
		text, file := manualIn(t, language)
		if policy := policyOf(file); strings.Contains(text, "<script") || strings.Contains(policy, "script") || !strings.Contains(text, html.EscapeString(web.ReadingPolicy)) || !strings.HasPrefix(policy, web.ReadingPolicy) {
			t.Errorf("%s: %s", file, policy)
		}
	}
}

// printed returns the pages of a document on paper, by their lines, and how often
// pictures are on each.
func printed(t *testing.T, b *browser.Browser) (sheets [][]string, pictures []int) {
	t.Helper()
	result, err := chromedp.Call(b.Context(), page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
	must(t, err)
	file := filepath.Join(t.TempDir(), "manual.pdf")
	must(t, os.WriteFile(file, result.Data, 0o600))
	text, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	must(t, err)
	for sheet := range strings.SplitSeq(strings.TrimSuffix(string(text), "\f"), "\f") {
		var lines []string
		for line := range strings.Lines(sheet) {
			if line = strings.Join(strings.Fields(line), " "); line != "" {
				lines = append(lines, line)
			}
		}
		sheets = append(sheets, lines)
	}
	list, err := exec.Command("pdfimages", "-list", file).Output()
	must(t, err)
	for line := range strings.Lines(string(list)) {
		if n, err := strconv.Atoi(strings.Fields(line)[0]); err == nil && strings.Contains(line, " image ") {
			pictures = append(pictures, n)
		}
	}
	return sheets, pictures
}

// For the folder of the practice: A4, few sheets, nothing cut in two.
func TestManualOnPaper(t *testing.T) {
	const most = 12
	h := exported(t)
	b := browser.Start(t, "")
	b.Prefer("prefers-color-scheme", "dark") // which is for screens
	for _, language := range translations.Languages() {
		source, file := manualIn(t, language)
		b.Open(h.address + file)
		b.Until(`[...document.images].every((i) => i.complete)`)
		sheets, pictures := printed(t, b)
		if len(sheets) > most {
			t.Errorf("%s: %d sheets, at most %d", language, len(sheets), most)
		}
		// A picture that is cut stands on two sheets.
		if n := strings.Count(source, "<figure>"); len(pictures) != n {
			t.Errorf("%s: pictures on sheets %v, and there are %d", language, pictures, n)
		}
		text := strings.Join(slices.Concat(sheets...), " ")
		for _, heading := range all(source, `<h[23](?: id="q-[^"]*")?>(.*?)</h[23]>`) {
			if !strings.Contains(text, heading) {
				t.Errorf("%s: %q is not on paper", language, heading)
			}
			for i, lines := range sheets {
				if last := lines[len(lines)-2]; last == heading { // below it is the number of the page
					t.Errorf("%s: sheet %d ends with %q", language, i+1, heading)
				}
			}
		}
		if !strings.Contains(text, "www.evry.nl/otp") {
			t.Errorf("%s: there is no address of /otp", language)
		}
	}
}
