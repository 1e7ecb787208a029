package main

import (
	"fmt"
	"slices"
	"strings"
)

// budget is what the design wants of a figure, of itself or of its ratio to the
// floor: at most or at least, the other one being zero.
type budget struct {
	key         string // of a column
	ratio       bool
	most, least float64
	servers     []string // those that it is for
}

// wanted says it in words, without the figure's name.
func (b budget) wanted(sc scenario) string {
	word, limit, decimals := "at most", b.most, sc.column(b.key).decimals
	if b.least > 0 {
		word, limit = "at least", b.least
	}
	if b.ratio {
		return fmt.Sprintf("%s %g × %s", word, limit, sc.floor)
	}
	return word + " " + number(limit, decimals)
}

// verdict of a server's figures: that of the median, qualified if some round
// says otherwise.
func (b budget) verdict(s spread) string {
	holds := func(v float64) bool { return b.least > 0 && v >= b.least || b.least == 0 && v <= b.most }
	word := "missed"
	if holds(s.median) {
		word = "holds"
	}
	if holds(s.low) != holds(s.high) {
		word = "mostly " + word
	}
	return word
}

// budgets is the table of all budgets of which something was measured; empty if
// there are none.
func (r results) budgets() [][]string {
	var judged []string // columns
	for _, name := range r.servers {
		if slices.ContainsFunc(r.scenarios, func(sc scenario) bool {
			return slices.ContainsFunc(sc.budgets, func(b budget) bool { return slices.Contains(b.servers, name) })
		}) {
			judged = append(judged, name)
		}
	}
	rows := [][]string{append([]string{"scenario", "figure", "to reach"}, judged...)}
	for _, sc := range r.scenarios {
		for _, b := range sc.budgets {
			c := sc.column(b.key)
			row, any := []string{sc.name, c.head, b.wanted(sc)}, false
			for _, name := range judged {
				cell := absent
				if s := r.spread(sc, b, name); s.n > 0 && slices.Contains(b.servers, name) {
					decimals := c.decimals
					if b.ratio {
						decimals = 2
					}
					cell, any = b.verdict(s)+": "+s.format(decimals), true
				}
				row = append(row, cell)
			}
			if any {
				rows = append(rows, row)
			}
		}
	}
	if len(rows) == 1 {
		return nil
	}
	return rows
}

// spread of what b is about.
func (r results) spread(sc scenario, b budget, server string) spread {
	own := r.of(sc.name, server)
	if b.ratio {
		return spreadOf(ratios(own, r.of(sc.name, sc.floor), b.key))
	}
	return spreadOf(figures(own, b.key))
}

// targets says what a scenario is to reach, in one sentence.
func (sc scenario) targets() string {
	var all []string
	for _, b := range sc.budgets {
		text := sc.column(b.key).head + " " + b.wanted(sc)
		if len(b.servers) == 1 {
			text += " (" + b.servers[0] + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}
