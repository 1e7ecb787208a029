package rules

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
)

var (
	inlineLink = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+["'(][^)]*)?\)`)
	linkDef    = regexp.MustCompile(`^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)`)
	htmlLink   = regexp.MustCompile(`\b(?:href|src)="([^"]+)"`)
	htmlAnchor = regexp.MustCompile(`\b(?:id|name)="([^"]+)"`)
	codeSpan   = regexp.MustCompile("`[^`]*`")
	heading    = regexp.MustCompile(`^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$`)
	linkTarget = regexp.MustCompile(`\]\([^)]*\)`)
)

// MarkdownLinks checks every link in a .md file that stays within the repository:
// its file or folder exists, and so does the heading it names.
func MarkdownLinks(t *Tree) []string {
	var problems []string
	anchors := map[string]map[string]bool{}
	for _, name := range t.Files() {
		if path.Ext(name) != ".md" {
			continue
		}
		for _, l := range markdownLinks(string(t.read(name))) {
			if what := checkLink(t, anchors, name, l.target); what != "" {
				problems = append(problems, fmt.Sprintf("%s:%d: link to %s: %s", name, l.line, l.target, what))
			}
		}
	}
	return problems
}

type markdownLink struct {
	line   int
	target string
}

func markdownLinks(content string) []markdownLink {
	var out []markdownLink
	eachProseLine(content, func(n int, line string) {
		line = codeSpan.ReplaceAllString(line, "")
		for _, re := range []*regexp.Regexp{inlineLink, linkDef, htmlLink} {
			for _, m := range re.FindAllStringSubmatch(line, -1) {
				out = append(out, markdownLink{n, m[1]})
			}
		}
	})
	return out
}

// checkLink says what is wrong with a link in a file; empty if nothing is.
func checkLink(t *Tree, anchors map[string]map[string]bool, from, target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return err.Error()
	}
	if u.Scheme != "" || u.Host != "" {
		return ""
	}
	file := from
	if u.Path != "" {
		// A leading slash means the root of the repository.
		file = path.Join(path.Dir(from), u.Path)
		if strings.HasPrefix(u.Path, "/") {
			file = path.Join(".", path.Clean(u.Path)[1:])
		}
	}
	switch {
	case file == ".." || strings.HasPrefix(file, "../"):
		return "it leads out of the repository"
	case !t.Exists(file):
		return "there is no such file"
	case u.Fragment == "" || path.Ext(file) != ".md":
		return ""
	}
	if anchors[file] == nil {
		anchors[file] = markdownAnchors(string(t.read(file)))
	}
	if !anchors[file][u.Fragment] {
		return "there is no such heading"
	}
	return ""
}

// markdownAnchors are the fragments that a rendered file answers to.
func markdownAnchors(content string) map[string]bool {
	out := map[string]bool{}
	eachProseLine(content, func(_ int, line string) {
		for _, m := range htmlAnchor.FindAllStringSubmatch(line, -1) {
			out[m[1]] = true
		}
		if m := heading.FindStringSubmatch(line); m != nil {
			slug := slugOf(m[1])
			unique := slug
			for i := 1; out[unique]; i++ {
				unique = fmt.Sprintf("%s-%d", slug, i)
			}
			out[unique] = true
		}
	})
	return out
}

func slugOf(title string) string {
	title = strings.ToLower(linkTarget.ReplaceAllString(title, "]"))
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return r
		}
		return -1
	}, title)
}

// eachProseLine calls f for the lines outside of fenced code, counted from 1.
func eachProseLine(content string, f func(n int, line string)) {
	n, fence := 0, ""
	for line := range strings.Lines(content) {
		n++
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimLeft(line, " \t>")
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```"):
			fence = "```"
		case strings.HasPrefix(trimmed, "~~~"):
			fence = "~~~"
		default:
			f(n, line)
		}
	}
}
