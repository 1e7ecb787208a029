package channel_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestIndex holds testdata/INDEX to what there is.
func TestIndex(t *testing.T) {
	b, err := os.ReadFile("testdata/INDEX")
	if err != nil {
		t.Fatal(err)
	}
	var wanted []string
	for section, last := range map[string]int{"1": 15, "2": 14, "3": 6} {
		for n := 1; n <= last; n++ {
			wanted = append(wanted, section+"."+itoa(n))
		}
	}
	var indexed, named []string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		title, names, ok := strings.Cut(line, ": ")
		number, text, _ := strings.Cut(title, " ")
		if !ok || text == "" || len(strings.Fields(names)) == 0 {
			t.Errorf("%q: want a number, a title, a colon and names", line)
		}
		indexed = append(indexed, number)
		for _, name := range strings.Fields(names) {
			named = append(named, name)
			if why := missing(name); why != "" {
				t.Errorf("%s: %s: %s", title, name, why)
			}
		}
	}
	slices.Sort(wanted)
	slices.Sort(indexed)
	if !slices.Equal(wanted, indexed) {
		t.Errorf("sections\n%v\nwant\n%v", indexed, wanted)
	}
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		if !slices.Contains(named, filepath.Base(file)) {
			t.Errorf("%s is in no section", file)
		}
	}
}

func itoa(n int) string {
	if n >= 10 {
		return itoa(n/10) + itoa(n%10)
	}
	return string(rune('0' + n))
}

// missing says why there is no such file or test.
func missing(name string) string {
	dir, test, other := strings.Cut(name, ":")
	switch {
	case other:
		return missingTest(filepath.Join("..", filepath.FromSlash(dir)), test)
	case strings.HasPrefix(name, "Test"), strings.HasPrefix(name, "Fuzz"):
		return missingTest(".", name)
	case strings.HasSuffix(name, ".txt"):
		name = "testdata/" + name
	case strings.Contains(name, "/"):
		name = "../" + name
	}
	if _, err := os.Stat(filepath.FromSlash(name)); err != nil {
		return err.Error()
	}
	return ""
}

func missingTest(dir, test string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	decl := regexp.MustCompile(`(?m)^func ` + regexp.QuoteMeta(test) + `\(`)
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && decl.Match(b) {
			return ""
		}
	}
	return "there is no such test in " + dir
}
