package rules

import "testing"

func TestImportOrder(t *testing.T) {
	packages := []Package{
		{Path: "low"}, {Path: "low/lowtest", Test: true}, {Path: "high"}, {Path: "hightest", Test: true}, {Path: "demos/..."},
	}
	src := func(imports string) string {
		return "package p\n\n" + imports + "\n\nfunc f() { this does not matter }\n"
	}
	own := func(below string) string { return `import "` + Module + "/" + below + `"` }

	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"downwards", map[string]string{
			"high/a.go":            src(own("low")),
			"high/internal/x/a.go": src(own("low")),
			"high/b.go":            src(own("high/internal/x")),
			"demos/a/a.go":         src(own("high") + "\n" + own("demos/b")),
			"hightest/a.go":        src(own("high") + "\nimport \"testing\"\n" + own("low/lowtest")),
			"low/a.go":             src(`import "fmt"`),
			"low/a_test.go":        src(own("high") + "\nimport \"testing\""),
		}, nil},
		{"upwards", map[string]string{"low/a.go": src("import (\n\t\"fmt\"\n\th \"" + Module + "/high\"\n)")}, []string{
			"low/a.go:5:2: low imports high, which stands below it in the order of packages; define a small interface on the side of low, or move its line in internal/rules/packages.go if the order still makes sense",
		}},
		{"upwards behind a build constraint", map[string]string{"low/a_windows.go": "//go:build windows\n\n" + src(own("high"))}, []string{
			"low/a_windows.go:5:8: low imports high, which stands below it in the order of packages; define a small interface on the side of low, or move its line in internal/rules/packages.go if the order still makes sense",
		}},
		{"upwards from an internal folder", map[string]string{"low/internal/x/a.go": src(own("high/internal/y"))}, []string{
			"low/internal/x/a.go:3:8: low imports high/internal/y, which stands below it in the order of packages; define a small interface on the side of low, or move its line in internal/rules/packages.go if the order still makes sense",
		}},
		{"testing in a product package", map[string]string{"high/a.go": src(`import "testing/synctest"`)}, []string{
			"high/a.go:3:8: high imports testing/synctest, which only tests may; move what needs it to a _test.go file, or mark the package with Test in internal/rules/packages.go if it is test support",
		}},
		{"go-cmp in a program", map[string]string{"demos/x/a.go": src(`import "github.com/google/go-cmp/cmp"`)}, []string{
			"demos/x/a.go:3:8: demos/... imports github.com/google/go-cmp/cmp, which only tests may; move what needs it to a _test.go file, or mark the package with Test in internal/rules/packages.go if it is test support",
		}},
		{"test support in a product package", map[string]string{"high/a.go": src(own("low/lowtest"))}, []string{
			"high/a.go:3:8: high imports low/lowtest, which is test support and must not be linked into the product",
		}},
		{"no place", map[string]string{"new/thing/a.go": src(""), "new/thing/b.go": src(""), "demosaic/a.go": src(""), "a.go": src(""), "high/a.go": src(own("new/thing"))}, []string{
			"a.go: package . has no place in the order of packages; add a line for it to Packages in internal/rules/packages.go, below all that it imports",
			"demosaic/a.go: package demosaic has no place in the order of packages; add a line for it to Packages in internal/rules/packages.go, below all that it imports",
			"new/thing/a.go: package new/thing has no place in the order of packages; add a line for it to Packages in internal/rules/packages.go, below all that it imports",
		}},
		{"no Go", map[string]string{"high/a.go": "pakcage high"}, []string{
			"high/a.go:1:1: expected 'package', found pakcage",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantProblems(t, ImportOrder(treeOf(t, c.files), packages), c.want...)
		})
	}
}

func TestPackagesAreListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for i, p := range Packages {
		if seen[p.Path] {
			t.Errorf("%s is listed twice", p.Path)
		}
		seen[p.Path] = true
		if at, ok := position(Packages, p.Path); !ok || at != i {
			t.Errorf("%s is covered by line %d, want its own, %d", p.Path, at, i)
		}
	}
}
