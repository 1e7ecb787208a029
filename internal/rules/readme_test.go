package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Go code in Markdown that names its file in a comment before it is that file's code, to the letter.
func TestCodeInMarkdownIsRealCode(t *testing.T) {
	root := filepath.Join("..", "..")
	block := regexp.MustCompile("(?s)<!-- ([^ ]+\\.go) -->\n```go\n(.*?)```")
	found := 0
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".md") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range block.FindAllStringSubmatch(string(text), -1) {
			found++
			code, err := os.ReadFile(filepath.Join(root, m[1]))
			if err != nil {
				t.Errorf("%s shows code of a file that is not there: %v", path, err)
				continue
			}
			if !strings.Contains(string(code), m[2]) {
				t.Errorf("%s shows code that is not in %s any more:\n%s", path, m[1], m[2])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("no code of a file is shown anywhere: the README should show some")
	}
}
