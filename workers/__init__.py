"""Workers: which workflow and activity runs on which task queue, and how the processes live and end."""
