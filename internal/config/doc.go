// Package config gathers the settings of the gateway: defaults, then the YAML file, then the environment, then the
// flags of the command line; the later wins. One validation then reports every complaint at once, each with the place
// where the setting was made, and changes nothing.
//
// It is the only package that reads settings from the environment, and it reads them from the list it is handed: [Load]
// depends on nothing but its [Source]. It must not log, must not reach the network and must not guess what a setting
// meant.
//
// Start at [Config] for what can be set and at [Load] for how. A new setting is a field with its tags and a line in
// [Default]:
//
//	yaml      the key; with the section it is the name "server.addr" and the variable OUTCROP_SERVER_ADDR
//	env       further variables, the first that is set wins; for a map NAME=key sets the entry of that key
//	validate  constraints of validator/v10 and those of rules.go
//	help      one line for the reference
//	list      "or-one" for a list that may be written as its only entry
//	reload    "no" for a setting, or a section of them, that only a start reads
//	file      "allowed" for the one sort of secret that may stand in the file: a URL that may hold a password
//
// Sections may nest, and hold lists and tables (maps) of sections; how a package brings its own is in
// docs/recipes/add-a-setting.md.
//
// A setting exists when its feature does: anything else is an unknown key, which stops the start.
package config
