package rules

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"
)

// ImportOrder checks the import clauses of all Go files that are not tests
// against an order of packages, normally [Packages].
func ImportOrder(t *Tree, packages []Package) []string {
	var problems []string
	unknown := map[string]bool{}
	fset := token.NewFileSet()
	for _, name := range t.goFiles() {
		dir := path.Dir(name)
		at, ok := position(packages, dir)
		if !ok {
			if !unknown[dir] {
				unknown[dir] = true
				problems = append(problems, fmt.Sprintf(
					"%s: package %s has no place in the order of packages; add a line for it to Packages in internal/rules/packages.go, below all that it imports", name, dir))
			}
			continue
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, t.read(name), parser.ImportsOnly)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		for _, spec := range file.Imports {
			if what := checkImport(packages, at, importPathOf(spec)); what != "" {
				problems = append(problems, fmt.Sprintf("%s: %s", fset.Position(spec.Pos()), what))
			}
		}
	}
	return problems
}

// checkImport says what is wrong with an import by the package at a position;
// empty if nothing is.
func checkImport(packages []Package, at int, imported string) string {
	self := packages[at]
	below, ours := ownPath(imported)
	if !ours {
		if isTestOnly(imported) && !self.Test {
			return fmt.Sprintf("%s imports %s, which only tests may; move what needs it to a _test.go file, or mark the package with Test in internal/rules/packages.go if it is test support",
				self.Path, imported)
		}
		return ""
	}
	i, ok := position(packages, below)
	switch {
	case !ok:
		return "" // told where that package's files are
	case packages[i].Test && !self.Test:
		return fmt.Sprintf("%s imports %s, which is test support and must not be linked into the product", self.Path, below)
	case i > at:
		return fmt.Sprintf("%s imports %s, which stands below it in the order of packages; define a small interface on the side of %s, or move its line in internal/rules/packages.go if the order still makes sense",
			self.Path, below, self.Path)
	}
	return ""
}

// ownPath cuts the module's path off an import path.
func ownPath(imported string) (below string, ours bool) {
	if imported == Module {
		return ".", true
	}
	return strings.CutPrefix(imported, Module+"/")
}

func importPathOf(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value // the parser has let it through, so it cannot happen
	}
	return p
}
