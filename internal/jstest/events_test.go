package jstest

import (
	"regexp"
	"strings"
	"testing"
)

// pushed finds the events that a script pushes: push(channel, "echo", …), channel.push("crash", …), raw(s, topic, "echo").
var pushed = regexp.MustCompile(`(?:push\([^,()]+(?:\.channel)?, |channel\.push\(|raw\([^,]+, "room:[^"]*", )"([a-z_]+)"`)

func events(t *testing.T, files []string) []string {
	t.Helper()
	seen := map[string]bool{}
	found := []string{}
	for _, file := range files {
		text, err := kit.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range pushed.FindAllStringSubmatch(string(text), -1) {
			if !seen[match[1]] && !strings.HasPrefix(match[1], "phx_") {
				seen[match[1]] = true
				found = append(found, match[1])
			}
		}
	}
	if len(found) < 15 {
		t.Fatalf("found only the events %q: the pattern has gone stale", found)
	}
	return found
}
