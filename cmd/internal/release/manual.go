package release

import (
	"fmt"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// manualPage returns the manual of a program in the language of man(7). Its text
// is the package comment in folder.
func manualPage(folder, program, section string) (string, error) {
	text, err := packageComment(folder)
	if err != nil {
		return "", fmt.Errorf("reading the manual of %s: %w", program, err)
	}
	var page strings.Builder
	fmt.Fprintf(&page, ".TH %s %s \"\" \"Two Factor RDP\"\n.SH NAME\n", strings.ToUpper(program), section)
	// "Command x does …." is what Go wants; "x \- does …" what man wants.
	sentence, _, _ := strings.Cut(strings.ReplaceAll(text, "\n", " "), ". ")
	does := strings.TrimPrefix(sentence, "Command "+program+" ")
	fmt.Fprintf(&page, "%s \\- %s\n.SH DESCRIPTION\n", program, roff(strings.TrimSuffix(does, ".")))
	for _, block := range new(comment.Parser).Parse(text).Content {
		switch block := block.(type) {
		case *comment.Code:
			fmt.Fprintf(&page, ".PP\n.nf\n.RS 4\n%s\n.RE\n.fi\n", roff(strings.ReplaceAll(strings.TrimRight(block.Text, "\n"), "\t", "        ")))
		case *comment.Paragraph:
			fmt.Fprintf(&page, ".PP\n%s\n", roff(words(block.Text)))
		case *comment.Heading:
			fmt.Fprintf(&page, ".SH %s\n", strings.ToUpper(roff(words(block.Text))))
		default:
			return "", fmt.Errorf("the manual of %s has a %T, which can't be written", program, block)
		}
	}
	return page.String(), nil
}

// packageComment returns what stands before the package clause of a program.
func packageComment(folder string) (string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			return "", err
		}
		if text := parsed.Doc.Text(); strings.HasPrefix(text, "Command ") {
			return text, nil
		}
	}
	return "", fmt.Errorf("no package comment: %w", os.ErrNotExist)
}

// words returns a text without the marks of links.
func words(text []comment.Text) string {
	var s strings.Builder
	for _, part := range text {
		switch part := part.(type) {
		case comment.Plain:
			s.WriteString(string(part))
		case comment.Italic:
			s.WriteString(string(part))
		case *comment.Link:
			s.WriteString(words(part.Text))
		case *comment.DocLink:
			s.WriteString(words(part.Text))
		}
	}
	return s.String()
}

// roff writes a text so that man prints it as it stands: a backslash begins an
// escape, a dot or quote at the start of a line a request, and a bare - is a
// hyphen that nobody can copy.
func roff(text string) string {
	var s strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			s.WriteString(`\&`)
		}
		for _, r := range line {
			switch {
			case r == '\\':
				s.WriteString(`\e`)
			case r == '-':
				s.WriteString(`\-`)
			case r > unicode.MaxASCII:
				fmt.Fprintf(&s, `\[u%04X]`, r)
			default:
				s.WriteRune(r)
			}
		}
	}
	return s.String()
}
