// Command report prints what the complexity score is worth on the labelled texts (`make eval`). It runs in the root of
// the project. With -v it lists every prompt of a set with its label and score; with -explain it takes one text apart
// instead.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"outcrop/internal/test/eval"
	"outcrop/router/score"
)

func main() {
	verbose := flag.String("v", "", "name of a set to list prompt by prompt")
	text := flag.String("explain", "", "text to show the features of")
	flag.Parse()
	run := func() error { return report(*verbose) }
	if *text != "" {
		run = func() error { return explain(*text) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func report(verbose string) error {
	sets, err := eval.Read(os.DirFS("router/testdata/eval"))
	if err != nil {
		return err
	}
	rules, err := eval.Rules()
	if err != nil {
		return err
	}
	fmt.Printf("%-20s %4s  %-34s  %-20s  %-5s  %s\n", "", "", "area", "rank correlation", "ties", "tiers (%)")
	fmt.Printf("%-20s %4s  %6s %6s %6s %6s %6s  %6s %6s %6s  %5s  %4s %8s %7s\n", "set", "n",
		"score", "words", "usual", "chance", "best", "score", "words", "usual", "score", "fast", "balanced", "quality")
	for _, s := range sets {
		var figures []eval.Figures
		for _, r := range rules {
			figures = append(figures, eval.Measure(s, r.Scores(s)))
		}
		tiers, err := eval.Tiers(s)
		if err != nil {
			return err
		}
		count := map[string]float64{}
		for _, t := range tiers {
			count[t] += 100 / float64(len(tiers))
		}
		fmt.Printf("%-20s %4d  %6.3f %6.3f %6.3f %6.3f %6.3f  %6.2f %6.2f %6.2f  %5.2f  %4.0f %8.0f %7.0f\n",
			s.Name, len(s.Items),
			figures[0].Area, figures[1].Area, figures[2].Area, figures[3].Area, figures[0].Best,
			figures[0].Rank, figures[1].Rank, figures[2].Rank, figures[0].Ties,
			count["fast"], count["balanced"], count["quality"])
		if s.Name == verbose {
			list(s, rules[0], tiers)
		}
	}
	return nil
}

func list(s eval.Set, r eval.Rule, tiers []string) {
	for i, it := range s.Items {
		text := strings.Join(strings.Fields(strings.Join(s.Prompts[i], " / ")), " ")
		fmt.Printf("  %.2f %.3f %-8s %s%s %.100s\n", it.Difficulty, r.Score(s.Prompts[i]), tiers[i], it.Subject,
			it.Tier, text)
	}
}

func explain(text string) error {
	s, err := score.New(score.Default())
	if err != nil {
		return err
	}
	for _, f := range s.Explain(text) {
		fmt.Printf("%-12s %6.3f × %5.2f = %6.3f\n", f.Name, f.Value, f.Weight, f.Value*f.Weight)
	}
	score := s.Score(text)
	fmt.Printf("score %.3f, tier %s\n", score, s.Tier(score))
	return nil
}
