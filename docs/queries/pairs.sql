-- Features that are used together in the last week, and how much they go together
WITH last AS (SELECT max(week) AS week FROM feature_pairs_weekly)
SELECT t.a, t.b, t.devices_estimate, t.devices_lower, t.devices_upper,
       LEAST(1.0, t.devices_lower / SQRT(1.0 * x.devices_estimate * y.devices_estimate)) AS cosine
FROM feature_pairs_weekly AS t
JOIN last ON t.week = last.week
JOIN features_weekly AS x ON x.app = t.app AND x.week = t.week AND x.feature = t.a
JOIN features_weekly AS y ON y.app = t.app AND y.week = t.week AND y.feature = t.b
WHERE t.app = 'maps'
ORDER BY cosine DESC
