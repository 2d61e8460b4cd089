/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/node.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct parser {
	yaml_parser_t yaml;
	yaml_event_t event; /* the current one */
	const char *text;
	size_t size;
	size_t count; /* of nodes */
	struct complaints *complaints;
};

void node_deinit(struct node *node)
{
	for (size_t i = 0; i < node->n_children; i++)
		node_deinit(&node->child[i]);
	free(node->child);
	free(node->text);
	memset(node, 0, sizeof(*node));
}

bool node_is_null(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node->quoted &&
	       (!node->text[0] || !strcmp(node->text, "~") || !strcmp(node->text, "null"));
}

struct node *node_get(const struct node *mapping, const char *key)
{
	for (size_t i = 0; i < mapping->n_children; i += 2)
		if (!strcmp(mapping->child[i].text, key))
			return &mapping->child[i + 1];
	return NULL;
}

static struct position position_of_mark(yaml_mark_t mark)
{
	return (struct position){mark.line + 1, mark.column + 1};
}

static struct position position_of_offset(const char *text, size_t size, size_t offset)
{
	struct position at = {1, 1};

	for (size_t i = 0; i < offset && i < size; i++) {
		if (text[i] == '\n')
			at = (struct position){at.line + 1, 1};
		else if ((text[i] & 0xc0) != 0x80) /* not within a character */
			at.column++;
	}
	return at;
}

static void complain_of_syntax(struct parser *parser)
{
	const yaml_parser_t *yaml = &parser->yaml;
	const char *problem = yaml->problem ? yaml->problem : "no memory";
	struct position at = position_of_mark(yaml->problem_mark);

	if (yaml->error == YAML_READER_ERROR) { /* has no mark */
		at = position_of_offset(parser->text, parser->size, yaml->problem_offset);
		complain(parser->complaints, at, "not UTF-8 text: %s", problem);
	} else if (yaml->context) {
		complain(parser->complaints, at, "not YAML: %s, %s that begins in line %zu",
			 problem, yaml->context, yaml->context_mark.line + 1);
	} else {
		complain(parser->complaints, at, "not YAML: %s", problem);
	}
}

static bool next_event(struct parser *parser)
{
	yaml_event_delete(&parser->event);
	if (yaml_parser_parse(&parser->yaml, &parser->event))
		return true;
	complain_of_syntax(parser);
	return false;
}

static void refuse_properties(struct parser *parser, struct node *node, const yaml_char_t *anchor,
			      const yaml_char_t *tag)
{
	if (!anchor && !tag)
		return;
	complain(parser->complaints, node->at, "%s are not accepted",
		 anchor ? "anchors (&)" : "tags (!)");
	node->bad = true;
}

static void scalar_init(struct parser *parser, struct node *node)
{
	const __auto_type scalar = &parser->event.data.scalar;

	node->text = sl_strdup((const char *)scalar->value);
	node->quoted = scalar->style != YAML_PLAIN_SCALAR_STYLE;
	refuse_properties(parser, node, scalar->anchor, scalar->tag);
	if (strlen(node->text) == scalar->length)
		return;
	complain(parser->complaints, node->at, "a NUL character is not accepted");
	node->bad = true;
}

static bool node_init(struct parser *parser, struct node *node, unsigned depth);

/* One more child, built from the current event. */
static bool add_child(struct parser *parser, struct node *node, size_t *room, unsigned depth)
{
	if (node->n_children == *room) {
		*room = *room ? *room * 2 : 4;
		node->child = sl_realloc_array(node->child, *room, sizeof(*node->child));
	}
	return node_init(parser, &node->child[node->n_children++], depth + 1);
}

/* Up to the event that ends the collection. */
static bool add_children(struct parser *parser, struct node *node, yaml_event_type_t end,
			 unsigned depth)
{
	size_t room = 0;

	while (next_event(parser)) {
		if (parser->event.type == end)
			return true;
		if (!add_child(parser, node, &room, depth))
			return false;
	}
	return false;
}

static int compare_keys(const void *left, const void *right)
{
	const struct node *a = *(struct node *const *)left, *b = *(struct node *const *)right;
	int order = strcmp(a->text, b->text);

	return order ? order : (a > b) - (a < b);
}

static void mark_duplicates(struct parser *parser, struct node *mapping)
{
	size_t count = mapping->n_children / 2;
	_cleanup_free_ struct node **keys = sl_calloc(count, sizeof(struct node *));

	for (size_t i = 0; i < count; i++)
		keys[i] = &mapping->child[2 * i];
	qsort(keys, count, sizeof(struct node *), compare_keys);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(keys[i - 1]->text, keys[i]->text))
			continue;
		complain(parser->complaints, keys[i]->at, "%.64s: this key has been given already",
			 keys[i]->text);
		keys[i]->bad = true;
	}
}

static bool check_key(struct parser *parser, struct node *key)
{
	if (key->kind != NODE_SCALAR)
		complain(parser->complaints, key->at, "a key must be a single word");
	else if (!key->quoted && !strcmp(key->text, "<<"))
		complain(parser->complaints, key->at, "merge keys (<<) are not accepted");
	else
		return !key->bad;
	return false;
}

/* Drops the pairs whose key `keep` refuses, so that all that are left can be trusted. */
static void drop_pairs(struct parser *parser, struct node *mapping,
		       bool (*keep)(struct parser *parser, struct node *key))
{
	size_t kept = 0;

	for (size_t i = 0; i < mapping->n_children; i += 2) {
		struct node *pair = &mapping->child[i];

		if (keep(parser, pair)) {
			memmove(&mapping->child[kept], pair, 2 * sizeof(*pair));
			kept += 2;
		} else {
			node_deinit(&pair[0]);
			node_deinit(&pair[1]);
		}
	}
	mapping->n_children = kept;
}

static bool is_good(struct parser *parser, struct node *key)
{
	return !key->bad;
}

static bool mapping_init(struct parser *parser, struct node *node, unsigned depth)
{
	node->kind = NODE_MAPPING;
	refuse_properties(parser, node, parser->event.data.mapping_start.anchor,
			  parser->event.data.mapping_start.tag);
	if (!add_children(parser, node, YAML_MAPPING_END_EVENT, depth))
		return false;
	drop_pairs(parser, node, check_key);
	mark_duplicates(parser, node);
	drop_pairs(parser, node, is_good);
	return true;
}

static bool sequence_init(struct parser *parser, struct node *node, unsigned depth)
{
	node->kind = NODE_SEQUENCE;
	refuse_properties(parser, node, parser->event.data.sequence_start.anchor,
			  parser->event.data.sequence_start.tag);
	return add_children(parser, node, YAML_SEQUENCE_END_EVENT, depth);
}

/* From the current event, which is a node's first. The node can be freed whatever is returned. */
static bool node_init(struct parser *parser, struct node *node, unsigned depth)
{
	*node = (struct node){.at = position_of_mark(parser->event.start_mark)};
	if (depth > NODE_DEPTH_MAX) {
		complain(parser->complaints, node->at, "nested deeper than %d levels",
			 NODE_DEPTH_MAX);
		return false;
	}
	if (++parser->count > NODE_COUNT_MAX) {
		complain(parser->complaints, node->at, "more than %u keys and values",
			 NODE_COUNT_MAX);
		return false;
	}
	switch (parser->event.type) {
	case YAML_MAPPING_START_EVENT: return mapping_init(parser, node, depth);
	case YAML_SEQUENCE_START_EVENT: return sequence_init(parser, node, depth);
	case YAML_SCALAR_EVENT: scalar_init(parser, node); return true;
	default: /* an alias: nothing else can begin a node */
		complain(parser->complaints, node->at, "aliases (*) are not accepted");
		node->text = sl_strdup("");
		node->bad = true;
		return true;
	}
}

static bool refuse_second_document(struct parser *parser)
{
	if (!next_event(parser)) /* the document's end */
		return false;
	if (!next_event(parser))
		return false;
	if (parser->event.type == YAML_STREAM_END_EVENT)
		return true;
	complain(parser->complaints, position_of_mark(parser->event.start_mark),
		 "a second document is not accepted");
	return false;
}

static bool document_init(struct parser *parser, struct node *root)
{
	const __auto_type document = &parser->event.data.document_start;

	if (!next_event(parser)) /* the stream's start */
		return false;
	if (!next_event(parser))
		return false;
	if (parser->event.type == YAML_STREAM_END_EVENT) {
		*root = (struct node){.at = {1, 1}, .text = sl_strdup("")};
		return true;
	}
	if (document->version_directive || document->tag_directives.start) {
		complain(parser->complaints, position_of_mark(parser->event.start_mark),
			 "directives (%%) are not accepted");
		return false;
	}
	return next_event(parser) && node_init(parser, root, 1) && refuse_second_document(parser);
}

/* libyaml would read UTF-16 and skip a mark; what one program skips, another doesn't. */
static bool refuse_byte_order_mark(const char *text, size_t size, struct complaints *complaints)
{
	static const char *const marks[] = {"\xef\xbb\xbf", "\xfe\xff", "\xff\xfe"};

	for (size_t i = 0; i < sl_count(marks); i++) {
		if (size < strlen(marks[i]) || memcmp(text, marks[i], strlen(marks[i])))
			continue;
		complain(complaints, (struct position){1, 1},
			 "begins with a byte order mark; only UTF-8 without one is accepted");
		return true;
	}
	return false;
}

bool node_parse(const char *text, size_t size, struct node *ret_root, struct complaints *complaints)
{
	struct parser parser = {.text = text, .size = size, .complaints = complaints};
	bool good;

	*ret_root = (struct node){0};
	if (refuse_byte_order_mark(text, size, complaints))
		return false;
	if (!yaml_parser_initialize(&parser.yaml))
		sl_out_of_memory();
	yaml_parser_set_input_string(&parser.yaml, (const unsigned char *)text, size);
	yaml_parser_set_encoding(&parser.yaml, YAML_UTF8_ENCODING);
	good = document_init(&parser, ret_root);
	if (!good)
		node_deinit(ret_root);
	yaml_event_delete(&parser.event);
	yaml_parser_delete(&parser.yaml);
	return good;
}
