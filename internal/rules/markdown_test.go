package rules

import "testing"

func TestMarkdownLinks(t *testing.T) {
	readme := "# The `title` [of](x.md) it: **All**!\n" + // 1
		"## Twice\n## Twice\n" + // 2, 3
		"[ok](docs/a.md) [ok](docs) [ok](./docs/a.md#part-two \"title\") [bad](docs/b.md)\n" + // 4
		"[ok](#twice-1) [bad](#twice-2) [ok](#the-title-of-it-all) [bad](docs/a.md#part-three)\n" + // 5
		"[![badge](shot.png)](missing/) [out](../x) [web](https://example.org/x) [mail](mailto:a@b.c)\n" + // 6
		"`[code](nope)` and <a href=\"nope.html\">\n" + // 7
		"```\n[code](nope)\n# no heading\n```\n" + // 8-11
		"[ref]: docs/gone.md\n" + // 12
		"[bad](#no-heading) [ok](docs/with%20blank.md)\n" // 13
	wantProblems(t, MarkdownLinks(treeOf(t, map[string]string{
		"README.md":          readme,
		"x.md":               "",
		"shot.png":           "\x00",
		"docs/a.md":          "# Part one\n<a id=\"mark\"></a>\n# Part *two*\n[up](../README.md#twice) [root](/docs/a.md#mark) [bad](/a.md) [gone](/../../x)\n",
		"docs/with blank.md": "",
	})),
		"README.md:4: link to docs/b.md: there is no such file",
		"README.md:5: link to #twice-2: there is no such heading",
		"README.md:5: link to docs/a.md#part-three: there is no such heading",
		"README.md:6: link to missing/: there is no such file",
		"README.md:6: link to ../x: it leads out of the repository",
		"README.md:7: link to nope.html: there is no such file",
		"README.md:12: link to docs/gone.md: there is no such file",
		"README.md:13: link to #no-heading: there is no such heading",
		"docs/a.md:4: link to /a.md: there is no such file",
		"docs/a.md:4: link to /../../x: there is no such file",
	)
}
