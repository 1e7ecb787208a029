package rules

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// trace is something that must not stand in a file.
type trace struct {
	pattern *regexp.Regexp
	what    string
}

// traces are put together from pieces, so that this file has none.
func traces() []trace {
	dirs := strings.Join([]string{"work", "root", "tmp"}, "|")
	hosts := strings.Join([]string{
		"proxy" + `\.golang`, "sum" + `\.golang`, "goproxy" + `\.(io|cn)`,
		"registry" + `\.npmjs`, "registry" + `\.yarnpkg`, "registry" + `\.npmmirror`,
	}, "|")
	return []trace{
		// Something before the slash makes it a path below something else.
		{regexp.MustCompile(`(?:^|[^\w.$})~*/-])(/(?:` + dirs + `)/)`), "a path of one machine; make it relative, or take it from the environment or t.TempDir"},
		{regexp.MustCompile(`\b([A-Za-z]:\\+Users\\)`), "a path of one machine; make it relative"},
		{regexp.MustCompile(`((?:` + hosts + `)[\w./-]*)`), "the address of a package registry; whoever builds has one configured"},
	}
}

// MachineTraces looks for paths of the machine a file was written on and for
// addresses of package registries, in every text file. Lock files of npm must hold no
// download addresses at all.
func MachineTraces(t *Tree) []string {
	var problems []string
	traces := traces()
	for _, name := range t.Files() {
		content, ok := t.text(name)
		if !ok {
			continue
		}
		n := 0
		for line := range strings.Lines(string(content)) {
			n++
			for _, tr := range traces {
				if m := tr.pattern.FindStringSubmatch(line); m != nil {
					problems = append(problems, fmt.Sprintf("%s:%d: %s is %s", name, n, m[1], tr.what))
				}
			}
		}
		if base := path.Base(name); base == "package-lock.json" || base == "npm-shrinkwrap.json" {
			problems = append(problems, lockAddresses(name, content)...)
		}
	}
	return problems
}

// lockAddresses looks for "resolved" addresses. A "resolved" that is a path
// belongs to a folder of the same repository and is fine.
func lockAddresses(name string, content []byte) []string {
	var lock any
	if err := json.Unmarshal(content, &lock); err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	n := countAddresses(lock)
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf(`%s: %d packages have a "resolved" address; run "npm config set omit-lockfile-registry-resolved true" and make the file again`, name, n)}
}

func countAddresses(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for k, sub := range v {
			if s, ok := sub.(string); ok && k == "resolved" && strings.Contains(s, "://") {
				n++
			}
			n += countAddresses(sub)
		}
	case []any:
		for _, sub := range v {
			n += countAddresses(sub)
		}
	}
	return n
}
