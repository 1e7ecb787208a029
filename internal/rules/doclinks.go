package rules

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path"
	"strings"
)

// DocLinks checks that what doc comments link to exists: a name in square
// brackets, a method or field behind its type, and either of them behind a
// package that the commenting package imports or behind a full import path.
// Packages of this module and of the standard library are looked into.
func DocLinks(t *Tree) []string {
	var problems []string
	fset := token.NewFileSet()
	lib := newLibrary(t)
	for _, name := range t.goFiles() {
		file, err := parser.ParseFile(fset, name, t.read(name), parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		in := lib.ownScope(path.Dir(name), strings.HasSuffix(name, "_test.go"))
		for _, group := range docComments(file) {
			for _, link := range linksOf(group) {
				if what := lib.check(in, link); what != "" {
					problems = append(problems, fmt.Sprintf("%s: %s", fset.Position(group.Pos()), what))
				}
			}
		}
	}
	return problems
}

// docComments are the comments of a file that belong to a declaration, a field,
// or the package.
func docComments(file *ast.File) []*ast.CommentGroup {
	var out []*ast.CommentGroup
	add := func(g *ast.CommentGroup) {
		if g != nil {
			out = append(out, g)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.File:
			add(n.Doc)
		case *ast.GenDecl:
			add(n.Doc)
		case *ast.FuncDecl:
			add(n.Doc)
		case *ast.TypeSpec:
			add(n.Doc)
		case *ast.ValueSpec:
			add(n.Doc)
		case *ast.Field:
			add(n.Doc)
		}
		return true
	})
	return out
}

// linksOf finds all that could be a doc link, whether or not it exists.
func linksOf(group *ast.CommentGroup) []*comment.DocLink {
	p := comment.Parser{
		LookupPackage: func(name string) (string, bool) { return name, true },
		LookupSym:     func(recv, name string) bool { return true },
	}
	var out []*comment.DocLink
	var texts func([]comment.Text)
	texts = func(ts []comment.Text) {
		for _, t := range ts {
			switch t := t.(type) {
			case *comment.DocLink:
				out = append(out, t)
			case *comment.Link:
				texts(t.Text)
			}
		}
	}
	var blocks func([]comment.Block)
	blocks = func(bs []comment.Block) {
		for _, b := range bs {
			switch b := b.(type) {
			case *comment.Paragraph:
				texts(b.Text)
			case *comment.Heading:
				texts(b.Text)
			case *comment.List:
				for _, item := range b.Items {
					blocks(item.Content)
				}
			}
		}
	}
	blocks(p.Parse(group.Text()).Content)
	return out
}

// check says what is wrong with a link in a package; empty if nothing is.
func (l *library) check(in *scope, link *comment.DocLink) string {
	target := in
	if link.ImportPath != "" {
		p, ok := in.resolve(link.ImportPath)
		if !ok {
			if link.Name == "" {
				return "" // a lone word in brackets is no link unless a package of that name is imported
			}
			return fmt.Sprintf("[%s]: package %s is not imported here; write its full import path, or take the brackets away",
				linkText(link), link.ImportPath)
		}
		if target = l.scope(p); target == nil {
			return fmt.Sprintf("[%s]: there is no package %s", linkText(link), p)
		}
	}
	if link.Name == "" || target.opaque || l.has(target, link.Recv, link.Name, 0) {
		return ""
	}
	return fmt.Sprintf("[%s] does not exist; mend the name, or take the brackets away if it is no link", linkText(link))
}

func linkText(link *comment.DocLink) string {
	out := link.Name
	if link.Recv != "" {
		out = link.Recv + "." + out
	}
	switch {
	case link.ImportPath == "":
		return out
	case out == "":
		return link.ImportPath
	}
	return link.ImportPath + "." + out
}
