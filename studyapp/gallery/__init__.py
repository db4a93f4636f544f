"""What the gallery of stimuli reads: filters, cards, a feature's page, judgements, drawings. It writes nothing."""
