package rules

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

var (
	codeBlock = regexp.MustCompile("(?sm)^(?:<!-- ([^ \n]+\\.go) -->\n)?```go\n(.*?)^```$")
	testLink  = regexp.MustCompile("\\[`((?:Test|Fuzz|Example)\\w*)`\\]\\(([^)\\s]+_test\\.go)\\)")
)

// MarkdownCode checks Go code in .md files: a block that names its file in a
// comment before it is that file's code, to the letter, and every block of the
// README and of the guides names one, so that it is compiled and run.
func MarkdownCode(t *Tree) []string {
	var problems []string
	for _, name := range t.Files() {
		if path.Ext(name) != ".md" {
			continue
		}
		content := string(t.read(name))
		for _, m := range codeBlock.FindAllStringSubmatchIndex(content, -1) {
			problem := func(format string, args ...any) {
				line := 1 + strings.Count(content[:m[0]], "\n")
				problems = append(problems, fmt.Sprintf("%s:%d: ", name, line)+fmt.Sprintf(format, args...))
			}
			if m[2] < 0 {
				if name == "README.md" || strings.HasPrefix(name, "docs/guides/") {
					problem("code of no file: put it into one that is tested, and <!-- its/path.go --> on the line before")
				}
				continue
			}
			file, code := content[m[2]:m[3]], content[m[4]:m[5]]
			switch {
			case !t.Exists(file):
				problem("code of %s, which is not there", file)
			case !strings.Contains(string(t.read(file)), code):
				problem("code that is not in %s any more", file)
			}
		}
	}
	return problems
}

// MarkdownTests checks links to tests in .md files, [`TestX`](x_test.go): the
// file has that test.
func MarkdownTests(t *Tree) []string {
	var problems []string
	for _, name := range t.Files() {
		if path.Ext(name) != ".md" {
			continue
		}
		eachProseLine(string(t.read(name)), func(n int, line string) {
			for _, m := range testLink.FindAllStringSubmatch(line, -1) {
				file := path.Join(path.Dir(name), m[2])
				// A file that is not there is a problem of MarkdownLinks.
				if t.Exists(file) && !strings.Contains(string(t.read(file)), "\nfunc "+m[1]+"(") {
					problems = append(problems, fmt.Sprintf("%s:%d: %s has no %s", name, n, file, m[1]))
				}
			}
		})
	}
	return problems
}
