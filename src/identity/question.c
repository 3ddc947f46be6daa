/* SPDX-License-Identifier: ISC */
#include "identity/question.h"

void question_begin(struct question *question, const struct aws_settings *settings, const char *operation)
{
	*question = (struct question){ 0 };
	question_add(question, WORD_ASK, operation);
	if (settings_add(settings, &question->record) < 0)
		question->is_broken = true;
}

void question_add(struct question *question, const char *name, const char *text)
{
	if (record_add_text(&question->record, name, text) < 0)
		question->is_broken = true;
}

void question_clear(struct question *question)
{
	record_clear(&question->record);
}
