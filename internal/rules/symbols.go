package rules

import (
	"go/ast"
	"go/build"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// library knows the declarations of packages, each read when it is first
// asked for.
type library struct {
	tree   *Tree
	scopes map[string]*scope // by import path, with " test" behind it for a package with its tests; nil if there is none
}

func newLibrary(t *Tree) *library { return &library{tree: t, scopes: map[string]*scope{}} }

// scope is what names mean in one package.
type scope struct {
	path    string
	imports map[string]string // import paths by name, of all files
	decls   map[string]*decl
	opaque  bool // sources are not at hand: every name is taken to exist
}

// decl is one declaration at package level.
type decl struct {
	members map[string]bool // fields and methods of a type
	embeds  []typeName      // types whose members are its own, too
}

type typeName struct{ pkg, name string } // pkg is an import path

// ownScope is the scope of a folder of the tree. Tests see their package's
// declarations and their own.
func (l *library) ownScope(dir string, withTests bool) *scope {
	importPath := path.Join(Module, dir)
	key := importPath
	if withTests {
		key += " test"
	}
	if s, ok := l.scopes[key]; ok {
		return s
	}
	var sources [][]byte
	for _, f := range l.tree.goFiles() {
		if path.Dir(f) == dir && (withTests || !strings.HasSuffix(f, "_test.go")) {
			sources = append(sources, l.tree.read(f))
		}
	}
	l.scopes[key] = newScope(importPath, sources)
	return l.scopes[key]
}

// scope is the scope of an import path; nil if there is no such package.
func (l *library) scope(importPath string) *scope {
	if below, ours := ownPath(importPath); ours {
		return l.ownScope(below, false)
	}
	if s, ok := l.scopes[importPath]; ok {
		return s
	}
	if first, _, _ := strings.Cut(importPath, "/"); strings.Contains(first, ".") {
		l.scopes[importPath] = &scope{opaque: true}
		return l.scopes[importPath]
	}
	src := os.DirFS(filepath.Join(build.Default.GOROOT, "src"))
	names, _ := fs.Glob(src, path.Join(importPath, "*.go"))
	var sources [][]byte
	for _, name := range names {
		if b, err := fs.ReadFile(src, name); err == nil && !strings.HasSuffix(name, "_test.go") {
			sources = append(sources, b)
		}
	}
	l.scopes[importPath] = newScope(importPath, sources)
	return l.scopes[importPath]
}

// has reports whether a package declares a name, or a type of it has a member,
// directly or by embedding. The depth bounds chains of embedding.
func (l *library) has(s *scope, recv, name string, depth int) bool {
	if recv == "" {
		return s.decls[name] != nil
	}
	d := s.decls[recv]
	if d == nil || depth > 10 {
		return false
	}
	if d.members[name] {
		return true
	}
	for _, e := range d.embeds {
		in := s
		if e.pkg != s.path {
			in = l.scope(e.pkg)
		}
		if in != nil && (in.opaque || l.has(in, e.name, name, depth+1)) {
			return true
		}
	}
	return false
}

// resolve finds the package that a name in a doc link means.
func (s *scope) resolve(name string) (importPath string, ok bool) {
	if strings.Contains(name, "/") {
		return name, true
	}
	if p, ok := s.imports[name]; ok {
		return p, true
	}
	return comment.DefaultLookupPackage(name)
}

// newScope reads the declarations of a package; nil if it has no files. Files
// that do not parse are reported elsewhere and count as far as they go.
func newScope(importPath string, sources [][]byte) *scope {
	if len(sources) == 0 {
		return nil
	}
	s := &scope{path: importPath, imports: map[string]string{}, decls: map[string]*decl{}}
	for _, src := range sources {
		file, _ := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
		if file == nil {
			continue
		}
		for _, spec := range file.Imports {
			s.imports[importName(spec)] = importPathOf(spec)
		}
		for _, d := range file.Decls {
			s.declare(d)
		}
	}
	return s
}

func (s *scope) declare(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			s.decl(d.Name.Name)
		} else if t, ok := s.typeName(d.Recv.List[0].Type); ok {
			s.decl(t.name).members[d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					s.decl(n.Name)
				}
			case *ast.TypeSpec:
				s.declareType(s.decl(spec.Name.Name), spec.Type)
			}
		}
	}
}

func (s *scope) declareType(d *decl, typ ast.Expr) {
	var fields *ast.FieldList
	switch typ := typ.(type) {
	case *ast.StructType:
		fields = typ.Fields
	case *ast.InterfaceType:
		fields = typ.Methods
	default: // an alias, or a type made from another: it has at least its fields
		if t, ok := s.typeName(typ); ok {
			d.embeds = append(d.embeds, t)
		}
		return
	}
	for _, f := range fields.List {
		for _, n := range f.Names {
			d.members[n.Name] = true
		}
		if t, ok := s.typeName(f.Type); ok && len(f.Names) == 0 {
			d.members[t.name] = true
			d.embeds = append(d.embeds, t)
		}
	}
}

func (s *scope) decl(name string) *decl {
	if s.decls[name] == nil {
		s.decls[name] = &decl{members: map[string]bool{}}
	}
	return s.decls[name]
}

// typeName is the name of a type without pointers and type arguments.
func (s *scope) typeName(e ast.Expr) (t typeName, ok bool) {
	switch e := e.(type) {
	case *ast.Ident:
		return typeName{s.path, e.Name}, true
	case *ast.StarExpr:
		return s.typeName(e.X)
	case *ast.ParenExpr:
		return s.typeName(e.X)
	case *ast.IndexExpr:
		return s.typeName(e.X)
	case *ast.IndexListExpr:
		return s.typeName(e.X)
	case *ast.SelectorExpr:
		if x, isIdent := e.X.(*ast.Ident); isIdent {
			p, known := s.imports[x.Name]
			return typeName{p, e.Sel.Name}, known
		}
	}
	return typeName{}, false
}

// importName is the name an import has in its file. Without one of its own it is
// guessed from the path, past a major version.
func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	p := importPathOf(spec)
	base := path.Base(p)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" && path.Dir(p) != "." {
		base = path.Base(path.Dir(p))
	}
	return base
}
