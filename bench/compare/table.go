package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	absent  = "–"
	refused = "not offered"
)

// results are all samples of a comparison, in the order of the runs.
type results struct {
	servers   []string // in the order of the rows
	scenarios []scenario
	samples   []sample
	// smoke says that the run was too short and too small to judge by.
	smoke bool
	// relayed are the servers that were driven through relays.
	relayed []string
}

func (r results) of(scenario, server string) []sample {
	var out []sample
	for _, s := range r.samples {
		if s.Scenario == scenario && s.Server == server {
			out = append(out, s)
		}
	}
	return out
}

// markdown writes the budgets and whether they hold, and one section for each
// scenario that has samples.
func (r results) markdown() string {
	var b strings.Builder
	if rows := r.budgets(); rows != nil && !r.smoke {
		b.WriteString("### Budgets\n\nThe median decides, of the ratios within each round where a floor is named; mostly: not in every round.\n\n")
		writeTable(&b, rows)
	}
	for _, sc := range r.scenarios {
		rows, notes := r.rows(sc)
		if len(rows) == 1 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "### %s\n\n", sc.title)
		fmt.Fprintf(&b, "To reach: %s.\n\n", sc.targets())
		writeTable(&b, rows)
		for i, note := range notes {
			if i == 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "- %s\n", note)
		}
	}
	return b.String()
}

// rows are the head and one row a server, and what has to be said about them.
func (r results) rows(sc scenario) (rows [][]string, notes []string) {
	head := []string{"server"}
	for _, c := range sc.columns {
		head = append(head, c.head)
		if c.ratio {
			head = append(head, "× "+sc.floor)
		}
	}
	rows = [][]string{head}
	floor := r.of(sc.name, sc.floor)
	var others, driver []float64
	for _, server := range r.servers {
		own := r.of(sc.name, server)
		if len(own) == 0 {
			continue
		}
		row := []string{server}
		for _, c := range sc.columns {
			cell := spreadOf(figures(own, c.key)).format(c.decimals)
			if own[0].Refused {
				cell = refused
			}
			row = append(row, cell)
			if c.ratio {
				row = append(row, spreadOf(ratios(own, floor, c.key)).format(2))
			}
		}
		rows = append(rows, row)
		others = append(others, figures(own, "other_cpu_pct")...)
		driver = append(driver, figures(own, "gen_cpu_pct")...)
		if slices.Contains(r.relayed, server) {
			notes = append(notes, server+" is driven through relays beside the generator, which do the clients' part of TLS: its rates and latencies would be theirs and are left out.")
		}
		for _, s := range own {
			if s.Trouble != "" && !s.Refused {
				notes = append(notes, fmt.Sprintf("%s, round %d, left out: %s", server, s.Round, s.Trouble))
			}
		}
	}
	if busy := spreadOf(driver); busy.n > 0 {
		notes = append(notes, fmt.Sprintf("Generator: %s %% of its CPU; near 100 it bounds rates and latencies, though not CPU per message.", busy.format(0)))
	}
	if load := spreadOf(others); load.n > 0 {
		notes = append(notes, fmt.Sprintf("Other work on the machine during these runs: %s %% of one CPU.", load.format(0)))
	}
	return rows, notes
}

// writeTable aligns a table for readers of the source: names to the left,
// figures to the right.
func writeTable(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(escape(cell)), 3)
		}
	}
	for at, row := range rows {
		for i, cell := range row {
			cell = escape(cell)
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				fmt.Fprintf(b, "| %s%s ", cell, space)
			} else {
				fmt.Fprintf(b, "| %s%s ", space, cell)
			}
		}
		b.WriteString("|\n")
		if at > 0 {
			continue
		}
		for i, width := range widths {
			if i == 0 {
				fmt.Fprintf(b, "|%s", strings.Repeat("-", width+2))
			} else {
				fmt.Fprintf(b, "|%s:", strings.Repeat("-", width+1))
			}
		}
		b.WriteString("|\n")
	}
}

// escape keeps a server's name inside its cell.
func escape(cell string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(cell)
}
