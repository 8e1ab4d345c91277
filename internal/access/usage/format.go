package usage

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/go-json-experiment/json/jsontext"

	"outcrop/internal/access"
	"outcrop/internal/store"
)

// usageColumns are the names of the sums, in JSON and CSV.
var usageColumns = [...]string{"requests", "cached", "errors", "input_tokens", "output_tokens", "cache_read_tokens",
	"cache_write_tokens",
	"cost_usd", "estimated", "unpriced"}

const costColumn = 7

func usageCells(s *store.UsageSums) (cells [len(usageColumns)]string) {
	for i, v := range s.Values() {
		cells[i] = strconv.FormatInt(*v, 10)
	}
	cells[costColumn] = access.NanoUSD(s.Cost).String()
	return cells
}

// AppendJSON appends {"object":"outcrop.usage","from":…,"to":…,"group_by":[…],"data":[{…}],"total":{…}}. Costs are
// texts in USD, so that nobody rounds them, with cost_nano_usd beside them as a whole number.
func (r *Report) AppendJSON(b []byte) []byte {
	b = append(b, `{"object":"outcrop.usage","from":"`...)
	b = r.From.AppendFormat(b, "2006-01-02T15:04:05Z")
	b = append(b, `","to":"`...)
	b = r.To.AppendFormat(b, "2006-01-02T15:04:05Z")
	b = append(b, `","group_by":[`...)
	for i, name := range r.GroupBy {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, name)
	}
	b = append(b, `],"data":[`...)
	for i := range r.Rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		for j, name := range r.GroupBy {
			b = append(appendQuoted(b, name), ':')
			b = append(appendQuoted(b, r.Rows[i].Group[j]), ',')
		}
		b = append(appendSums(b, &r.Rows[i].UsageSums), '}')
	}
	return append(appendSums(append(b, `],"total":{`...), &r.Total), "}}"...)
}

func appendSums(b []byte, s *store.UsageSums) []byte {
	for i, cell := range usageCells(s) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, usageColumns[i]), ':')
		if i != costColumn {
			b = append(b, cell...)
			continue
		}
		b = append(appendQuoted(b, cell), `,"cost_nano_usd":`...)
		b = strconv.AppendInt(b, s.Cost, 10)
	}
	return b
}

func appendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(s, "\ufffd")) // it fails for invalid UTF-8 only
	return b
}

// WriteCSV writes a heading and a line for each group.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	lines := r.lines(usageColumns[:])
	for i, line := range lines {
		if i > 0 {
			for j := range r.GroupBy {
				line[j] = plainCell(line[j])
			}
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// plainCell keeps a value that a client has chosen from being a formula in somebody's spreadsheet.
func plainCell(s string) string {
	if s != "" && strings.ContainsAny(s[:1], "=+-@\t\r") {
		return "'" + s
	}
	return s
}

// WriteTable writes the groups for people, with the total below them.
func (r *Report) WriteTable(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	heads := [...]string{"requests", "cached", "errors", "input", "output", "cache read", "cache write", "cost USD",
		"estimated", "unpriced"}
	lines := r.lines(heads[:])
	total := make([]string, len(r.GroupBy))
	if len(total) > 0 {
		total[0] = "total"
	}
	cells := usageCells(&r.Total)
	for _, line := range append(lines, append(total, cells[:]...)) {
		for i, cell := range line {
			if i < len(r.GroupBy) && cell == "" {
				line[i] = "-"
			}
			line[i] = strings.Map(printable, line[i])
		}
		if _, err := io.WriteString(out, strings.Join(line, "\t")+"\t\n"); err != nil {
			return err
		}
	}
	return out.Flush()
}

func printable(c rune) rune {
	if !strconv.IsPrint(c) {
		return '?'
	}
	return c
}

// lines gives the heading and a line for each group.
func (r *Report) lines(heads []string) [][]string {
	lines := [][]string{append(append([]string(nil), r.GroupBy...), heads...)}
	for i := range r.Rows {
		cells := usageCells(&r.Rows[i].UsageSums)
		lines = append(lines, append(append([]string(nil), r.Rows[i].Group...), cells[:]...))
	}
	return lines
}
