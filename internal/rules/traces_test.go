package rules

import (
	"strings"
	"testing"
)

func TestMachineTraces(t *testing.T) {
	// Put together at run time, so that this file keeps the rule it tests.
	slashed := func(dir string) string { return "/" + dir + "/" }
	content := strings.Join([]string{
		"see " + slashed("work") + "main/x.go",
		`path := "` + slashed("root") + `.bashrc"`,
		slashed("tmp") + "x",
		`C:` + `\Users\ada`,
		"GOPROXY=https://proxy" + ".golang.org,direct",
		"registry" + ".npmjs.org",
		"fine: a" + slashed("work") + "b, $HOME" + slashed("work") + ", ./" + slashed("root")[1:] + "x, ../" + slashed("tmp")[1:] + ", /working/, ${X}" + slashed("tmp"),
	}, "\n")
	const machine = " is a path of one machine; make it relative, or take it from the environment or t.TempDir"
	const registry = " is the address of a package registry; whoever builds has one configured"
	wantProblems(t, MachineTraces(treeOf(t, map[string]string{
		"a.txt":  content,
		"binary": "\x00" + content,
	})),
		"a.txt:1: "+slashed("work")+machine,
		"a.txt:2: "+slashed("root")+machine,
		"a.txt:3: "+slashed("tmp")+machine,
		`a.txt:4: C:`+`\Users\ is a path of one machine; make it relative`,
		"a.txt:5: proxy"+".golang.org"+registry,
		"a.txt:6: registry"+".npmjs.org"+registry,
	)
}

func TestLockFileAddresses(t *testing.T) {
	wantProblems(t, MachineTraces(treeOf(t, map[string]string{
		"a/package-lock.json": `{"packages":{"x":{"version":"1","resolved":"https://example.org/x.tgz"},"y":{"dependencies":[{"resolved":"git+ssh://z"}]}}}`,
		"b/package-lock.json": `{"packages":{"x":{"version":"1","integrity":"sha512-x"},"y":{"resolved":"../y","link":true}}}`,
		"c/package-lock.json": `{`,
		"d/other.json":        `{"resolved":"https://example.org/x.tgz"}`,
	})),
		`a/package-lock.json: 2 packages have a "resolved" address; run "npm config set omit-lockfile-registry-resolved true" and make the file again`,
		`c/package-lock.json: unexpected end of JSON input`,
	)
}
