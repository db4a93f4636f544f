# Simulates crossed two-alternative data and fits them with lme4, for tests/analysis/test_mixed_model.py.
#
#   Rscript lme4.R        (Debian: apt-get install r-base-core r-cran-lme4)
#
# Writes beside itself, for each seed, answers-SEED.txt: a line for each participant, a digit for each feature, 1 for a
# correct answer. The condition of a cell is (participant + feature) modulo 3, both counted from 0. And lme4.csv: what
# glmer made of them: coefficients against the first condition with their standard errors, standard deviations of the
# random intercepts, log-likelihoods of the model and of the same model with conditions 1 and 2 made one.
library(lme4)

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)[1])))

# participants, features, log-odds of the conditions, SD between participants, SD between features
designs <- list(
  list(seed = 1, participants = 60, features = 45, logits = c(2.6, 1.6, -0.3), sd = c(0.11, 0.47)),
  list(seed = 2, participants = 40, features = 30, logits = c(1.0, 1.0, 0.0), sd = c(0.50, 0.50)),
  list(seed = 3, participants = 24, features = 60, logits = c(0.6, 0.9, 0.2), sd = c(0.80, 0.30)),
  list(seed = 4, participants = 80, features = 21, logits = c(1.5, 1.2, 1.1), sd = c(0.30, 1.00)),
  list(seed = 5, participants = 30, features = 30, logits = c(0.8, 0.3, 0.0), sd = c(0.00, 0.60)),
  list(seed = 6, participants = 50, features = 40, logits = c(3.0, 2.5, 2.0), sd = c(0.70, 0.70))
)

simulate_answers <- function(design) {
  set.seed(design$seed)
  cells <- expand.grid(feature = seq_len(design$features) - 1, participant = seq_len(design$participants) - 1)
  cells$condition <- (cells$participant + cells$feature) %% 3
  logit <- design$logits[cells$condition + 1] +
    rnorm(design$participants, 0, design$sd[1])[cells$participant + 1] +
    rnorm(design$features, 0, design$sd[2])[cells$feature + 1]
  cells$correct <- rbinom(nrow(cells), 1, plogis(logit))
  cells
}

write_answers <- function(cells, seed) {
  lines <- tapply(cells$correct, cells$participant, paste, collapse = "")
  writeLines(lines, file.path(here, sprintf("answers-%d.txt", seed)))
}

fit <- function(cells) {
  glmer(correct ~ condition + (1 | participant) + (1 | feature), data = cells, family = binomial,
        control = glmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 1e5)))
}

table_of <- function(design) {
  cells <- simulate_answers(design)
  write_answers(cells, design$seed)
  full <- fit(transform(cells, condition = factor(condition)))
  merged <- fit(transform(cells, condition = factor(pmin(condition, 1))))
  found <- coef(summary(full))
  spread <- sapply(VarCorr(full), function(component) attr(component, "stddev"))
  data.frame(
    seed = design$seed,
    term = c("condition 0", "condition 1 against 0", "condition 2 against 0",
             "participant SD", "feature SD", "log-likelihood", "log-likelihood with 1 and 2 as one"),
    value = c(found[, "Estimate"], spread[["participant.(Intercept)"]], spread[["feature.(Intercept)"]],
              as.numeric(logLik(full)), as.numeric(logLik(merged))),
    se = c(found[, "Std. Error"], NA, NA, NA, NA)
  )
}

table <- do.call(rbind, lapply(designs, table_of))
table$value <- sprintf("%.6f", table$value)
table$se <- ifelse(is.na(table$se), "", sprintf("%.6f", table$se))
write.csv(table, file.path(here, "lme4.csv"), row.names = FALSE, quote = FALSE, eol = "\n")
