package rules

import (
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestRepository holds the repository itself to its rules.
func TestRepository(t *testing.T) {
	tree, err := ReadTree(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if !tree.Exists("go.mod") || !tree.Exists("internal/rules/rules_test.go") {
		t.Fatal("the tree read is not the repository")
	}
	for _, rule := range []struct {
		name  string
		check func(*Tree) []string
	}{
		{"imports keep the order of packages", func(t *Tree) []string { return ImportOrder(t, Packages) }},
		{"doc links exist", DocLinks},
		{"no traces of machines or registries", MachineTraces},
		{"links in Markdown lead somewhere", MarkdownLinks},
		{"code in Markdown is real code", MarkdownCode},
		{"tests that Markdown names exist", MarkdownTests},
	} {
		t.Run(rule.name, func(t *testing.T) {
			for _, problem := range rule.check(tree) {
				t.Error(problem)
			}
		})
	}
}

// treeOf makes a tree of files by path.
func treeOf(t *testing.T, files map[string]string) *Tree {
	t.Helper()
	m := fstest.MapFS{}
	for name, content := range files {
		m[name] = &fstest.MapFile{Data: []byte(content)}
	}
	tree, err := ReadTree(m)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func wantProblems(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestReadTree(t *testing.T) {
	tree := treeOf(t, map[string]string{
		".gitignore":               "# comment\nnode_modules\n/build/\n*.prof\n!keep.prof\na/dist/\n**/deep.txt\n",
		".git/config":              "",
		"build/x":                  "",
		"a/build/x":                "",
		"a/dist/x":                 "",
		"b/dist/x":                 "",
		"b/build":                  "a file",
		"x.prof":                   "",
		"a/keep.prof":              "",
		"a/b/node_modules/p/x.go":  "",
		"a/b/deep.txt":             "",
		"c/.gitignore":             "/only_here\n*.log\n",
		"c/only_here":              "",
		"c/d/only_here":            "",
		"c/d/x.log":                "",
		"d/x.log":                  "",
		"go.mod":                   "",
		"internal/rules/a.go":      "",
		"internal/testdata/bad.go": "",
	})
	want := []string{
		".gitignore", "a/build/x", "a/keep.prof", "b/build", "b/dist/x", "c/.gitignore", "c/d/only_here", "d/x.log",
		"go.mod", "internal/rules/a.go", "internal/testdata/bad.go",
	}
	if diff := cmp.Diff(want, tree.Files()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"internal/rules/a.go"}, tree.goFiles()); diff != "" {
		t.Errorf("Go files (-want +got):\n%s", diff)
	}
	for name, want := range map[string]bool{".": true, "a": true, "a/build": true, "a/dist": false, "a/b": false, "nowhere": false} {
		if got := tree.Exists(name); got != want {
			t.Errorf("Exists(%q): got %v, want %v", name, got, want)
		}
	}
}

func TestReadTreeRefusesUnknownPatterns(t *testing.T) {
	for _, pattern := range []string{"a/**/b", "[x"} {
		_, err := ReadTree(fstest.MapFS{".gitignore": {Data: []byte(pattern)}})
		if err == nil {
			t.Errorf("pattern %q: got no error", pattern)
		}
	}
}
