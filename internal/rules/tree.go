package rules

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Tree is the files of a repository that git would not ignore.
type Tree struct {
	fsys  fs.FS
	files []string // slash-separated, sorted
	has   map[string]bool
}

// ReadTree lists the files below the root of fsys. It obeys .gitignore files at
// any depth, leaves out .git, and does not follow links.
func ReadTree(fsys fs.FS) (*Tree, error) {
	t := &Tree{fsys: fsys, has: map[string]bool{}}
	var ignored []ignorePattern
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." && (d.Name() == ".git" || isIgnored(ignored, name, d.IsDir())) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			more, err := readIgnore(fsys, name)
			ignored = append(ignored, more...)
			return err
		}
		if d.Type().IsRegular() {
			t.files = append(t.files, name)
			for p := name; p != "." && !t.has[p]; p = path.Dir(p) {
				t.has[p] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rules: listing files: %w", err)
	}
	t.has["."] = true
	return t, nil
}

// Files are the paths of all files, sorted.
func (t *Tree) Files() []string { return t.files }

// Exists reports whether there is a file of that path, or one below it.
func (t *Tree) Exists(name string) bool { return t.has[name] }

// read returns the content of a file. The file was listed a moment ago, so
// failing is as exceptional as the disk breaking.
func (t *Tree) read(name string) []byte {
	b, err := fs.ReadFile(t.fsys, name)
	if err != nil {
		panic(fmt.Sprintf("rules: reading a listed file: %v", err))
	}
	return b
}

// text returns the content of a file; ok is false if it is binary.
func (t *Tree) text(name string) (content []byte, ok bool) {
	b := t.read(name)
	return b, bytes.IndexByte(b[:min(len(b), 8000)], 0) < 0
}

// goFiles are the Go files that the go command would see as part of a package.
func (t *Tree) goFiles() []string {
	var out []string
	for _, f := range t.files {
		if path.Ext(f) == ".go" && !hiddenFromGo(f) {
			out = append(out, f)
		}
	}
	return out
}

func hiddenFromGo(name string) bool {
	for elem := range strings.SplitSeq(name, "/") {
		if elem == "testdata" || elem == "node_modules" || elem[0] == '.' || elem[0] == '_' {
			return true
		}
	}
	return false
}

// ignorePattern is one line of a .gitignore file.
type ignorePattern struct {
	dir     string // folder of the .gitignore, "." for the root
	glob    string
	rooted  bool // matches the path below dir, not any name below it
	dirOnly bool
	negated bool
}

func readIgnore(fsys fs.FS, dir string) ([]ignorePattern, error) {
	b, err := fs.ReadFile(fsys, path.Join(dir, ".gitignore"))
	if err != nil {
		return nil, nil // there is none
	}
	var out []ignorePattern
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		p := ignorePattern{dir: dir}
		line, p.negated = strings.CutPrefix(line, "!")
		line, p.dirOnly = strings.CutSuffix(line, "/")
		line = strings.TrimPrefix(line, "**/")
		p.rooted = strings.Contains(line, "/")
		p.glob = strings.TrimPrefix(line, "/")
		if _, err := path.Match(p.glob, ""); err != nil || strings.Contains(p.glob, "**") {
			return nil, fmt.Errorf("%s: pattern %q is not understood here", path.Join(dir, ".gitignore"), line)
		}
		out = append(out, p)
	}
	return out, nil
}

// isIgnored lets the last pattern that matches decide, as git does.
func isIgnored(patterns []ignorePattern, name string, isDir bool) bool {
	ignored := false
	for _, p := range patterns {
		rel := name
		if p.dir != "." {
			var below bool
			if rel, below = strings.CutPrefix(name, p.dir+"/"); !below {
				continue
			}
		}
		if !p.rooted {
			rel = path.Base(rel)
		}
		if ok, _ := path.Match(p.glob, rel); ok && (isDir || !p.dirOnly) {
			ignored = !p.negated
		}
	}
	return ignored
}
