package rules

import "testing"

func TestMarkdownCode(t *testing.T) {
	tree := treeOf(t, map[string]string{
		"a.go":             "package a\n\nfunc A() {\n\tprintln()\n}\n",
		"README.md":        "Text.\n\n<!-- a.go -->\n```go\nfunc A() {\n\tprintln()\n}\n```\n\n```go\nfunc Loose() {}\n```\n", // 3, 10
		"docs/guides/g.md": "<!-- a.go -->\n```go\nfunc A() {}\n```\n\n<!-- b.go -->\n```go\nfunc B() {}\n```\n```js\nlet a\n```\n",
		"docs/other.md":    "```go\nfunc Loose() {}\n```\n",
	})
	wantProblems(t, MarkdownCode(tree),
		"README.md:10: code of no file: put it into one that is tested, and <!-- its/path.go --> on the line before",
		"docs/guides/g.md:1: code that is not in a.go any more",
		"docs/guides/g.md:6: code of b.go, which is not there",
	)
}

func TestMarkdownTests(t *testing.T) {
	tree := treeOf(t, map[string]string{
		"a/a_test.go": "package a\n\nfunc TestA(t *testing.T) {}\n\nfunc FuzzA(f *testing.F) {}\n",
		"docs/g.md":   "[`TestA`](../a/a_test.go) [`FuzzA`](../a/a_test.go)\n[`TestB`](../a/a_test.go) [`TestA`](gone_test.go) [a test](../a/a_test.go)\n```\n[`TestC`](../a/a_test.go)\n```\n",
	})
	wantProblems(t, MarkdownTests(tree), "docs/g.md:2: a/a_test.go has no TestB")
}
