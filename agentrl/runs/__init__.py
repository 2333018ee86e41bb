"""The run directory: what a training run leaves on disk, and how it is read again.

    runs/NAME/config.yaml                     the resolved settings
              metrics.jsonl, tensorboard/     one line of numbers per step
              episodes/step_000012.jsonl      a few episodes of each step
              checkpoints/step_000020/        a plain Hugging Face folder plus the trainer's state
              summary.json                    held-out success before and after
              report.html, run.log            for people

Nothing here imports torch before a trainer's state is read or written.
"""
