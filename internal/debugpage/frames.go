package debugpage

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// A Frame is one call of a stack.
type Frame struct {
	Func   string
	File   string
	Line   int
	App    bool   // of the application
	Source []Line // around Line; nil if it is not known
}

// A Line is one of source.
type Line struct {
	N    int
	Text string
	Here bool // is the one that runs
}

// Short is the file as one says it: the last folders of its path.
func (f Frame) Short() string {
	parts := strings.Split(filepath.ToSlash(f.File), "/")
	return strings.Join(parts[max(0, len(parts)-3):], "/")
}

// frames reads a goroutine's trace, from below the panic on.
func frames(stack []byte) []Frame {
	var out []Frame
	lines := strings.Split(string(stack), "\n")
	for i := 1; i+1 < len(lines); i++ {
		place, ok := strings.CutPrefix(lines[i+1], "\t")
		if !ok || strings.HasPrefix(lines[i], "\t") {
			continue
		}
		name := strings.TrimPrefix(lines[i], "created by ")
		if open := strings.LastIndexByte(name, '('); open > 0 && strings.HasSuffix(name, ")") {
			name = name[:open]
		}
		place, _, _ = strings.Cut(place, " ")
		file, number, _ := cutLast(place, ":")
		line, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		if name == "panic" { // what is above is how it is reported
			out = nil
			continue
		}
		name, _, _ = strings.Cut(name, " in goroutine ")
		out = append(out, Frame{Func: name, File: file, Line: line, App: ofApp(name, file)})
	}
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

const framework = "github.com/bennu-go/bennu/"

func ofApp(name, file string) bool {
	slashed := filepath.ToSlash(file)
	switch {
	case strings.HasPrefix(name, "main."), strings.HasPrefix(name, framework+"examples/"), strings.HasPrefix(name, framework) && strings.HasSuffix(file, "_test.go"):
		return true
	case strings.HasPrefix(name, framework), strings.Contains(slashed, "/pkg/mod/"), strings.Contains(slashed, "/vendor/"):
		return false
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path != "" && strings.HasPrefix(name, info.Main.Path) {
		return true // a module may have a name without a dot
	}
	first, _, _ := strings.Cut(name, "/")
	return strings.Contains(first, ".") && strings.Contains(name, "/") // as the standard library's paths are not
}

const (
	radius  = 5
	maxFile = 1 << 20
)

// excerpt returns the lines of a file around one, or nil if it cannot be read: the program may run elsewhere than it was built.
func excerpt(file string, line int) []Line {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil || len(content) > maxFile {
		return nil
	}
	var out []Line
	scanner := bufio.NewScanner(bytes.NewReader(content))
	scanner.Buffer(nil, maxFile+1)
	for n := 1; scanner.Scan() && n <= line+radius; n++ {
		if n >= line-radius {
			out = append(out, Line{n, strings.ReplaceAll(scanner.Text(), "\t", "    "), n == line})
		}
	}
	return out
}
